import * as dagCbor from '@ipld/dag-cbor';
import { CID } from 'multiformats/cid';
import { decode, encode, type Value } from '../src/objects/codec.ts';
import { linkToBytes, rawLink } from '../src/objects/link.ts';
import { digestOf } from '../src/objects/digest.ts';
import { medians, setting, type Contestant, type Row } from './measure.ts';

/** The object codec against the reference implementation, on what is written most: leaves of tables, and folders. */
export async function run(): Promise<Row[]> {
  const times = setting('BENCH_OBJECTS', 400, 50);
  const rounds = setting('BENCH_ROUNDS', 5, 2);
  const out: Row[] = [];
  for (const [name, value] of Object.entries({ 'a leaf of rows': leaf(), 'a folder': folder() })) {
    const bytes = encode(value);
    const theirs = withCids(value);
    const repeat = (work: () => unknown): Contestant => ({
      run: () => {
        for (let i = 0; i < times; i++) work();
      },
    });
    const t = await medians(rounds, {
      encode: repeat(() => encode(value)),
      theirEncode: repeat(() => dagCbor.encode(theirs)),
      decode: repeat(() => decode(bytes)),
      theirDecode: repeat(() => dagCbor.decode(bytes)),
    });
    const size = `${name}, ${bytes.length} bytes, ${times} times`;
    out.push({ what: `encode ${size}`, ours: t.encode, against: '@ipld/dag-cbor', theirs: t.theirEncode });
    out.push({ what: `decode ${size}`, ours: t.decode, against: '@ipld/dag-cbor', theirs: t.theirDecode });
  }
  return out;
}

function leaf(): Value {
  const entries = Array.from({ length: 90 }, (_, i) => [
    new Uint8Array(9).fill(i),
    new Uint8Array(80).fill(i * 7),
  ]);
  return { kind: 'rows', v: 1, entries };
}

function folder(): Value {
  const entries = Array.from({ length: 60 }, (_, i) => ({
    name: `evidence-${i}.json`,
    mode: 'file',
    size: i * 1000,
    sha256: new Uint8Array(32).fill(i),
    link: rawLink(digestOf(new Uint8Array([i]))),
  }));
  return { kind: 'tree', v: 2, level: 0, entries };
}

/** The same value for the other library, with its own class for links. */
function withCids(value: unknown): unknown {
  if (value instanceof Uint8Array || value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(withCids);
  if ('digest' in value && 'codec' in value) {
    // DAG-CBOR writes a zero byte before a CID.
    return CID.decode(linkToBytes(value as Parameters<typeof linkToBytes>[0]).subarray(1));
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withCids(item)]));
}
