import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { signerKey } from '../../src/ledger/signer-key.ts';
import { generateKey, verifierKeyOf } from '../../src/log/note-key.ts';
import { lacking } from '../support/lacking.ts';
import { makeTestFolder } from '../support/folder.ts';

const lack = lacking('an ordinary user'); // root may read everything

describe("a rerunner's key", () => {
  let dir: string;
  beforeEach(() => (dir = makeTestFolder('signer')));
  const keys = (): string => join(dir, 'keys');
  const file = (): string => join(dir, 'signers', readdirSync(join(dir, 'signers'))[0]!);

  it('is made at first use, for its owner alone, and found again', async () => {
    const first = await signerKey('alice.example/reruns', keys());
    expect(first).toMatchObject({ made: true, vkey: verifierKeyOf(first.skey) });
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect(statSync(join(dir, 'signers')).mode & 0o777).toBe(0o700);
    expect(await signerKey('alice.example/reruns', keys())).toEqual({ ...first, made: false });
    expect(readdirSync(join(dir, 'signers'))).toHaveLength(1);
  });

  it('is another one for another name', async () => {
    const [a, b] = [await signerKey('alice', keys()), await signerKey('bob', keys())];
    expect(a.vkey.slice(a.vkey.lastIndexOf('+'))).not.toBe(b.vkey.slice(b.vkey.lastIndexOf('+')));
  });

  it('is one key, whoever of several comes first', async () => {
    const made = await Promise.all(Array.from({ length: 8 }, () => signerKey('alice', keys())));
    expect(new Set(made.map(({ skey }) => skey)).size).toBe(1);
    expect(made.filter((key) => key.made)).toHaveLength(1);
    expect(readdirSync(join(dir, 'signers'))).toHaveLength(1);
  });

  it.each(['', 'two words', 'a+b', 'x'.repeat(201)])('has a name that a key can have: %j', async (name) => {
    await expect(signerKey(name, keys())).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('is refused where the file holds another key, or none', async () => {
    await signerKey('alice', keys());
    writeFileSync(file(), `${generateKey('mallory', new Uint8Array(32)).skey}\n`);
    await expect(signerKey('alice', keys())).rejects.toMatchObject({ code: 'KEY_MALFORMED' });
    writeFileSync(file(), 'nothing');
    await expect(signerKey('alice', keys())).rejects.toMatchObject({ code: 'KEY_MALFORMED' });
    expect(readFileSync(file(), 'utf8')).toBe('nothing');
  });

  it.skipIf(lack)(`says where it may not be read${lack}`, async () => {
    await signerKey('alice', keys());
    chmodSync(file(), 0o000);
    await expect(signerKey('alice', keys())).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
  });
});
