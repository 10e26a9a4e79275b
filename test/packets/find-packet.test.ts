import { expect, it } from 'vitest';
import { CustodyError, type ErrorCode } from '../../src/errors.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { digestOf } from '../../src/objects/digest.ts';
import { findPacket, findReadablePacket } from '../../src/packets/find-packet.ts';
import { refuses } from '../support/refusals.ts';

/** A ledger in which nothing can be read. */
const broken = (code: ErrorCode): Ledger => {
  const get = (): Promise<Uint8Array> => Promise.reject(new CustodyError(code, code));
  return { get } as unknown as Ledger;
};
const revision = { type: 'object', id: digestOf(Buffer.from('a packet')) } as const;

it.each(['OBJECT_CORRUPT', 'OBJECT_MISSING', 'PACK_CORRUPT'] as const)(
  'a packet that cannot be read (%s) is not one that is not there',
  async (code) => {
    await refuses(findPacket(broken(code), revision), code);
    expect(await findReadablePacket(broken(code), revision)).toBeUndefined();
  },
);

it('what the system refuses is no damage', async () => {
  await refuses(findReadablePacket(broken('PERMISSION_DENIED'), revision), 'PERMISSION_DENIED');
});
