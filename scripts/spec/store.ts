import { formatConfig } from '../../src/ledger/config.ts';
import { leafHash } from '../../src/log/tree-hash.ts';
import { digestOf, digestToBytes } from '../../src/objects/digest.ts';
import { hello, message } from '../../src/validator/protocol.ts';
import { MemoryBackend } from '../../src/store/memory.ts';
import { encodeHead } from '../../src/store/heads.ts';
import { HashedObject } from '../../src/store/hashing.ts';
import { BLOCK_ROW, ENTRY_ROW, FAN_OUT, FOOTER, MAGIC_LENGTH } from '../../src/store/pack.ts';
import { PackWriter } from '../../src/store/pack-writer.ts';
import { hex, hexLines, utf8 } from './hex.ts';
import { ORIGIN, type World } from './world.ts';

/** One raw block with a blob and a document, part by part; equal numbers of the fan-out are counted. */
export async function pack({ objects, examples }: World): Promise<string[]> {
  const backend = new MemoryBackend();
  const writer = new PackWriter(backend.stage());
  const blob = utf8('hello\n');
  writer.add(HashedObject.check(digestOf(blob), blob));
  const record = objects.get(examples.record.digest);
  writer.add(HashedObject.check(examples.record.digest, record));
  const { staged } = writer;
  const name = writer.close();
  await backend.put(name, staged);
  const bytes = await backend.readRange(name, 0, (await backend.size(name))!);
  let at = 0;
  const take = (length: number): Uint8Array => bytes.subarray(at, (at += length));
  const out = [`magic        ${hex(take(MAGIC_LENGTH))}`];
  out.push('block 0', ...hexLines(take(blob.length + record.length)).map((line) => `             ${line}`));
  out.push(`block table  ${hex(take(BLOCK_ROW))}`, `fan-out      ${counted(take(FAN_OUT)).join(', ')}`);
  for (let i = 0; i < 2; i++) out.push(`entry ${i}      ${hex(take(ENTRY_ROW))}`);
  out.push(`footer       ${hex(take(FOOTER - 8))}`, `             ${hex(take(8))}`, `${at} bytes; ${name}`);
  return out;
}

function counted(fanOut: Uint8Array): string[] {
  const runs: { value: string; times: number }[] = [];
  for (const value of hex(fanOut).match(/.{8}/g) ?? []) {
    const last = runs.at(-1);
    if (last?.value === value) last.times++;
    else runs.push({ value, times: 1 });
  }
  return runs.map(({ value, times }) => `${value} × ${times}`);
}

export function head({ small, large }: World): string[] {
  const { bytes } = encodeHead(small);
  const other = encodeHead(large).bytes;
  return [
    `after one record: ${hex(bytes.subarray(0, 32))}, then the ${bytes.length - 32} bytes below`,
    `after 257 records (one full bundle, one record in the tail): ${other.length} bytes, SHA-256 ${hex(other.subarray(0, 32))}`,
  ];
}

export function checkpoint({ note, skey, vkey, objects, examples }: World): string[] {
  return [
    `signing key   ${skey}`,
    `verifier key  ${vkey}`,
    `key file      keys/${digestOf(utf8(vkey)).slice(0, 32)}.key`,
    `leaf hash     ${hex(leafHash(objects.get(examples.record.digest)))}`,
    '',
    ...note.trimEnd().split('\n'),
  ];
}

export function config({ vkey, examples }: World): string[] {
  return formatConfig({ format: 2, origin: ORIGIN, verifierKey: vkey, policy: examples.policy.digest })
    .trimEnd()
    .split('\n');
}

export function manifest({ manifest: lines, seal }: World): string[] {
  return [
    'HASH_MANIFEST.txt',
    ...Buffer.from(lines).toString().trimEnd().split('\n'),
    '',
    'packet_tree.sha256',
    Buffer.from(seal).toString().trimEnd(),
  ];
}

/** What each side sends, in turn, where the subject is not there; and an object. */
export function protocol({ examples }: World): string[] {
  const subject = examples.rehearsal.digest;
  const said: [string, Buffer][] = [
    ['hello', hello(subject)],
    ['question', message('question', digestToBytes(subject))],
    ['absent', message('absent', new Uint8Array())],
    ['verdict', message('verdict', utf8('{"accepted":false}'))],
    ['object', message('object', utf8('hello\n'))],
  ];
  return said.flatMap(([what, bytes]) => [what, ...hexLines(bytes)]);
}
