import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { ProfileDocument } from '../../src/rules/profile-schema.ts';
import { Desk } from './desk.ts';
import type { RehearseResult } from '../../src/workflows/rehearse.ts';

interface Probed {
  ok: boolean;
  failedClosed: number;
  of: number;
  controlAllowed: boolean;
  results: {
    id: string;
    expected: string | null;
    codes: string[];
    ended: string;
    leaked: string[];
    ok: boolean;
  }[];
}
/** Eleven commands and more in one step; milliseconds. */
const LONG = 300_000;

const PROFILES = {
  'fix7-p0': join(import.meta.dirname, '../../profiles/fix7-p0'),
  'other-team': join(import.meta.dirname, '../profiles/other-team'),
} as const;

describe.each([
  ['fix7-p0', 'surrogate.sqlite', 10],
  ['other-team', 'stock.sqlite', 7],
] as const)('the profile %s, from its folder to a verified rehearsal', (team, source, cases) => {
  let desk: Desk;
  let one: Probed;
  beforeAll(async () => {
    desk = new Desk();
    cpSync(PROFILES[team], desk.path('team'), { recursive: true });
    one = await desk.json<Probed>(['probe', 'team']);
  }, LONG);
  afterAll(() => desk[Symbol.dispose]());

  it(`fails closed ${cases} times, each with its own code, and allows the control`, () => {
    const { probes } = parse(readFileSync(join(PROFILES[team], 'profile.yaml'), 'utf8')) as ProfileDocument;
    expect(one).toMatchObject({ ok: true, failedClosed: cases, of: cases, controlAllowed: true });
    expect(one.results.map(({ id, expected }) => [id, expected])).toEqual([
      [probes!.control.id, null],
      ...probes!.cases.map(({ id, expected }) => [id, expected]),
    ]);
    for (const { expected, codes, ended, leaked } of one.results) {
      expect(leaked).toEqual([]);
      expect(ended).toBe(expected === null ? 'allowed' : 'refused');
      if (expected !== null) expect(codes).toContain(expected);
    }
  });

  it('leaves no trace of the probes: no ledger, no key, nothing beside the profile', () => {
    expect(Object.keys(desk.state({ index: true }))).toEqual([]);
    expect(() => readFileSync(desk.path('config'))).toThrow(/ENOENT/);
  });

  // The demo does that with fix7-p0.
  if (team !== 'fix7-p0')
    it(
      'rehearses on the surrogate, with the probes in the evidence, the same every time',
      async () => {
        await desk.init();
        await desk.json(['surrogate', 'team', '--out', `team/${source}`]);
        const rehearsed = await desk.json<RehearseResult>(['rehearse', 'team/plan.yaml', '--out', 'packet']);
        expect(rehearsed.accepted).toBe(true);
        const document = JSON.parse(desk.read('packet/rehearsal.json')) as { probes: string };
        const probes = await desk.json<{ kind: string; results: object[] }>(['show', document.probes]);
        expect(probes.kind).toBe('probes');
        expect(probes.results).toEqual(
          one.results.map(({ id, expected, codes, ended, leaked }, i) => ({
            id,
            name: (probes.results[i] as { name: string }).name,
            expected,
            codes,
            ended,
            leaked,
          })),
        );
        expect(await desk.json(['verify', 'HEAD'])).toMatchObject({
          ok: true,
          levels: { semantics: 'done' },
        });
      },
      LONG,
    );
});

describe('what a profile forbids', () => {
  let desk: Desk;
  beforeAll(async () => {
    desk = new Desk();
    cpSync(PROFILES['other-team'], desk.path('.'), { recursive: true });
    await desk.init();
    await desk.json(['surrogate', '.', '--out', 'stock.sqlite']);
  });
  afterAll(() => desk[Symbol.dispose]());

  it.each(['message', 'author', 'lane'])('is refused in --%s too, before anything runs', async (name) => {
    const before = desk.state();
    const error = await desk.fails(
      ['rehearse', 'plan.yaml', `--${name}`, 'stocktake_DONE'],
      'CLAIM_FORBIDDEN',
      3,
    );
    expect(JSON.stringify(error)).not.toMatch(/stocktake_DONE/i);
    expect(desk.state()).toEqual(before);
  });

  it('needs a surrogate that is new', async () => {
    await desk.fails(['surrogate', '.', '--out', 'stock.sqlite'], 'USAGE', 2);
    await desk.fails(['surrogate', 'none', '--out', 'x'], 'PATH_NOT_FOUND', 2);
  });

  it('takes another control plan under the same profile, and only such', async () => {
    desk.write('other.yaml', desk.read('plan.yaml').replace(/sha256: '[0-9a-f]{4}/, "sha256: '0000"));
    await desk.fails(['probe', '.', '--plan', 'other.yaml'], 'PROFILE_INVALID', 2);
  });
});
