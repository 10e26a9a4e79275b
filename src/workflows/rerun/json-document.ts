import { CustodyError } from '../../errors.ts';
import { parseDigest, type Digest } from '../../objects/digest.ts';
import type { Json } from '../../objects/json.ts';

/** A place in a JSON file of a packet, read strictly: what is not as it must be is a fault of the packet. */
export interface JsonDocument {
  readonly value: Json;
  at(key: string): JsonDocument;
  items(): JsonDocument[];
  text(): string;
  digest(): Digest;
}

/** @param path of the file; then of the place in it. */
export function jsonDocument(path: string, value: Json): JsonDocument {
  const fail = (what: string): never => {
    throw new CustodyError('PACKET_BROKEN', `${path} ${what}`, {
      path,
      hint: 'Give a packet as custody rehearse --out or custody unpack wrote it.',
    });
  };
  return {
    value,
    at: (key) =>
      typeof value === 'object' && value !== null && !Array.isArray(value) && Object.hasOwn(value, key)
        ? jsonDocument(`${path}/${key}`, value[key]!)
        : fail(`has no ${key}`),
    items: () =>
      Array.isArray(value)
        ? value.map((item, i) => jsonDocument(`${path}/${i}`, item))
        : fail('is not a list'),
    text: () => (typeof value === 'string' ? value : fail('is not text')),
    digest: () =>
      typeof value === 'string' && /^[0-9a-f]{64}$/.test(value) ? parseDigest(value) : fail('is no digest'),
  };
}
