import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { digestOf, parseDigest } from '../../../src/objects/digest.ts';
import { parseProfile, readProfile } from '../../../src/rehearsal/plan/profile.ts';
import { refuses } from '../../support/refusals.ts';
import { makeTestFolder } from '../../support/folder.ts';

const LINES = [
  'custody: profile/2',
  'name: a team',
  'production: { hosts: [db.shop.invalid], urls: [], paths: [/srv/tills], databases: [tills] }',
  'surfaces:',
  '  - { id: van, title: a van, how: { action: van }, explanation: it costs money }',
  'claims: { subjects: [TILLS], verdicts: [DONE] }',
];
const PROBES = [
  'probes:',
  '  plan: plan.yaml',
  '  control: { id: c, name: as it is }',
  '  cases:',
  '    - { id: a, name: a, command: rehearse, expected: USAGE, plan: { name: b } }',
];
const text = (...more: string[]): string => [...LINES, ...more, ''].join('\n');
const replaced = (line: number, by: string): string =>
  LINES.map((old, i) => (i === line - 1 ? by : old)).join('\n');

async function refused(yaml: string | Uint8Array): Promise<string> {
  const bytes = typeof yaml === 'string' ? Buffer.from(yaml) : yaml;
  const error = await refuses(parseProfile(bytes, '/p/profile.yaml'), 'PROFILE_INVALID');
  expect(error.hint).not.toBe('');
  return error.path!.replace('/p/profile.yaml:', '');
}

describe('a profile', () => {
  it('is read as it is written, with its bytes and digest', async () => {
    const bytes = Buffer.from(text(...PROBES));
    const profile = await parseProfile(bytes, '/p/profile.yaml');
    expect(profile).toMatchObject({
      name: 'a team',
      production: { databases: ['tills'] },
      surfaces: [{ id: 'van' }],
      digest: digestOf(bytes),
    });
    expect(profile.lineOf('/surfaces/0')).toBe(5);
  });

  it.each([
    ['an unknown key', text('colour: red'), '7'],
    ['an unknown key inside', replaced(5, '  - { id: v, title: v, how: { wish: v }, explanation: e }'), '5'],
    ['another format', replaced(1, 'custody: profile/1'), '1'],
    ['what is no YAML', text('x: ['), '8'],
    ['a key twice', text('name: again'), '7'],
    ['what is not UTF-8', Uint8Array.of(0xff, 0xfe), '1'],
    [
      'a pattern instead of a word',
      replaced(3, LINES[2]!.replace('db.shop.invalid', "'*.shop.invalid'")),
      '3',
    ],
    ['a word of one character', replaced(3, LINES[2]!.replace('[tills]', '[t]')), '3'],
    ['a surface that says not how', replaced(5, '  - { id: v, title: v, how: {}, explanation: e }'), '5'],
    [
      'a surface twice',
      text('').replace(LINES[4]!, `${LINES[4]!}\n${LINES[4]!.replace('a van', 'vans')}`),
      '6',
    ],
    [
      'a gate twice',
      text('preflight:', ...Array<string>(2).fill('  - { name: a, sql: SELECT 1, expect: 1 }')),
      '9',
    ],
    ['no claims', LINES.slice(0, 5).join('\n'), '1'],
    ['a claim of its own', text('macro: TILLS_DONE'), '7'],
    ['a claim of its own in a comment', text('# the tills done'), '7'],
    ['a claim of its own in another spelling', text('macro: "TILLS\\x5fDONE"'), '7'],
    ['a probe named as another', text(...PROBES, PROBES[4]!.replace('USAGE', 'DISK_FULL')), '12'],
    ['a probe named as the control', text(...PROBES).replace('id: a,', 'id: c,'), '9'],
    ['a probe that changes nothing', text(...PROBES).replace(', plan: { name: b }', ''), '11'],
    [
      'a fabrication before rehearse',
      text(...PROBES).replace('plan: { name: b }', 'evidence: { edit: drop-isolation }'),
      '11',
    ],
    ['a plan before verify', text(...PROBES).replace('command: rehearse', 'command: verify'), '11'],
    [
      'a dropped leg without a name',
      text(...PROBES)
        .replace('rehearse', 'verify')
        .replace('plan: { name: b }', 'evidence: { edit: drop-leg }'),
      '11',
    ],
    ['an expected validator that names nothing', text('validator: { expected: any }'), '7'],
  ])('is refused with %s, and its line', async (_, yaml, line) => {
    expect(await refused(yaml)).toBe(line);
  });

  describe('as a file', () => {
    let folder: string;
    beforeAll(() => void (folder = makeTestFolder('profile')));

    it('must be the pinned one', async () => {
      const file = join(folder, 'profile.yaml');
      writeFileSync(file, text());
      const pinned = digestOf(Buffer.from(text()));
      expect((await readProfile(file, pinned)).digest).toBe(pinned);
      await expect(readProfile(file, parseDigest('0'.repeat(64)))).rejects.toMatchObject({
        code: 'PROFILE_INVALID',
        path: file,
      });
    });

    it('has at most 1 MiB', async () => {
      const file = join(folder, 'large.yaml');
      writeFileSync(file, `${text()}#${' '.repeat(1024 * 1024)}`);
      await expect(readProfile(file)).rejects.toMatchObject({ code: 'PROFILE_INVALID' });
      await expect(readProfile(join(folder, 'none.yaml'))).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' });
    });
  });
});
