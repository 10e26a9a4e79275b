import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { decodeKind, type ObjectOf } from '../../src/objects/kinds.ts';
import { putObject } from '../../src/objects/sink.ts';
import { codes, Desk, type Finding } from '../cli/desk.ts';
import { commitForged, materialOf, forgedVerdict, type Forged } from '../workflows/forge.ts';
import { useStage } from './scene.ts';

vi.mock(import('../../src/engines/sqlite/process/sandbox.ts'), async (load) =>
  (await import('./system.ts')).sandbox(load),
);

/**
 * The six forbidden cases once more, end to end: a lane records a rehearsal that failed open, calls it accepted, seals and
 * commits it so that everything else holds. `custody verify` names each by its own code.
 */
const stage = useStage();
const desk = new Desk();
let material: Forged;
let rehearsed: ObjectOf<'rehearsal'>;

beforeAll(async () => {
  await desk.init();
  const scene = stage.setApart();
  const ids = await desk.json<{ rehearsal: string; verdict: string }>(['rehearse', scene.file('plan.yaml')]);
  await using ledger = await desk.ledger();
  material = await materialOf(ledger, ids);
  rehearsed = decodeKind('rehearsal', material.objects.get(material.rehearsal.digest));
});
afterAll(() => desk[Symbol.dispose]());

type Leg = ObjectOf<'rehearsal'>['legs'][number];
const inLegT = (change: (leg: Leg) => Partial<Leg>) => (): Partial<ObjectOf<'rehearsal'>> => ({
  legs: rehearsed.legs.map((leg) => (leg.leg === 'T' ? { ...leg, ...change(leg) } : leg)),
});

const CASES: [name: string, code: string, path: string, failsOpen: () => Partial<ObjectOf<'rehearsal'>>][] = [
  [
    '(1) a PASS while a gate is blocked',
    'PASS_WHILE_BLOCKED',
    'legs',
    () => ({
      preflight: rehearsed.preflight.map((gate, i) => (i === 0 ? { ...gate, actual: '0', ok: false } : gate)),
    }),
  ],
  ['(2) clean without a capture', 'ROLLBACK_UNCOMPARED', 'legs/T/back', inLegT(() => ({ back: null }))],
  ['(3) a transaction left open', 'TRANSACTION_OPEN', 'legs/T', inLegT(() => ({ open: true }))],
  [
    '(4) an image that nobody verified',
    'IMAGE_UNVERIFIED',
    'image/restored',
    () => ({ image: { ...rehearsed.image, restored: null } }),
  ],
  ['(5) entry == exit skipped', 'ENTRY_EXIT_SKIPPED', 'exit', () => ({ exit: null })],
  [
    '(6) no error taken for rolled back',
    'ROLLBACK_ASSUMED',
    'legs/T/back',
    inLegT(({ after }) => ({ back: after })),
  ],
];

describe('custody verify on a rehearsal that failed open and calls itself accepted', () => {
  it('accepts what did not: the forger itself works', async () => {
    await using ledger = await desk.ledger();
    const index = await commitForged(ledger, material);
    expect((await desk.run(['verify', `@${index}`])).exit).toBe(0);
  });

  it.each(CASES)('%s: %s', async (_, code, path, failsOpen) => {
    const { objects } = material;
    const rehearsal = putObject(objects, { ...rehearsed, ...failsOpen() });
    const verdict = putObject(objects, {
      ...forgedVerdict(material),
      subject: rehearsal,
      accepted: true,
      findings: [],
    });
    await using ledger = await desk.ledger();
    const index = await commitForged(ledger, { objects, rehearsal, verdict });
    const report = await desk.json<{ ok: boolean; findings: Finding[] }>(['verify', `@${index}`], 1);
    expect(report.ok).toBe(false);
    expect(codes(report.findings)).toEqual(
      expect.arrayContaining([
        [code, `verdict/${path}`],
        ['VERDICT_DIFFERS', 'verdict'],
        ['VERDICT_REJECTED', 'verdict'],
      ]),
    );
  });
});
