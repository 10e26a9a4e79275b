import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ObjectOf } from '../../src/objects/kinds.ts';
import { MemoryObjects } from '../../src/objects/memory-objects.ts';
import { putBlob, putObject } from '../../src/objects/sink.ts';
import { judgeAll, type NamedJudgement } from '../../src/judging/judge.ts';
import { Desk } from '../cli/desk.ts';
import { legsOnly } from '../judging/programs.ts';
import { BUNDLE, drill, useStage, type Drilled } from './scene.ts';

vi.mock(import('../../src/engines/sqlite/process/sandbox.ts'), async (load) =>
  (await import('./system.ts')).sandbox(load),
);

const stage = useStage();
let good: Drilled;
let bad: Drilled;
beforeAll(async () => {
  good = await drill(stage.set());
  bad = await drill(stage.set(), { on: 'T', session: (real) => ({ rollback: () => real.commit() }) });
});

/** Our own validator, with one line changed: whatever it found, it says that it found nothing. */
function lenientBundle(): Buffer {
  const code = readFileSync(BUNDLE, 'utf8');
  const patched = code.replace(
    /const findings = Array\.isArray\(evidence\) \? evidence : harmless\(runStages\(evidence, stages\), evidence\);/,
    'const findings = [];',
  );
  expect(patched).not.toBe(code);
  return Buffer.from(patched);
}

async function judged({ rehearsal, objects }: Drilled, code: Uint8Array): Promise<NamedJudgement> {
  const memory = new MemoryObjects();
  const validator: ObjectOf<'validator'> = {
    kind: 'validator',
    v: 2,
    name: 'drilled',
    file: putBlob(memory, code),
    runner: 'node-permission',
    protocol: 'ask/1',
  };
  const link = putObject(memory, validator);
  const [judgement] = await judgeAll([{ link, validator, code }], rehearsal, objects.get);
  return judgement!;
}

const found = ({ findings }: NamedJudgement): string[] => findings.map(({ code, path }) => `${code} ${path}`);

describe('a validator', () => {
  it('as it is accepts what is good and rejects what is not', async () => {
    const code = readFileSync(BUNDLE);
    expect(found(await judged(good, code))).toEqual([]);
    expect(found(await judged(bad, code))).toContain('ROLLBACK_ASSUMED legs/T/back');
  });

  it('that always accepts is not believed, whatever it is asked about', async () => {
    const code = lenientBundle();
    for (const rehearsal of [good, bad]) {
      const judgement = await judged(rehearsal, code);
      expect(judgement.accepted).toBe(false);
      expect(found(judgement)).toEqual(['VALIDATOR_LENIENT validators/drilled']);
    }
  });

  it('that sees both planted faults is believed', async () => {
    const code = legsOnly('after !== entry && back === entry');
    expect(await judged(good, code)).toMatchObject({ accepted: true, findings: [] });
  });

  it.each([
    ['whether something was changed', 'after !== entry', [true, false]],
    ['whether it is as it was', 'back === entry', [false, true]],
  ])('that looks only %s is not', async (_what, accepted, rejected) => {
    const judgement = await judged(good, legsOnly(accepted));
    expect(found(judgement)).toEqual(['VALIDATOR_LENIENT validators/drilled']);
    expect(judgement.faults).toEqual([
      { name: 'no-mutation', rejected: rejected[0] },
      { name: 'no-rollback', rejected: rejected[1] },
    ]);
    expect(await judged(bad, legsOnly(accepted))).toMatchObject({ accepted: false });
  });

  it('that dies of one of them leaves no process behind', async () => {
    // Of the three that it is asked, one ends at once and the others would never end.
    const code = legsOnly(
      `after === entry ? process.exit(3) : back !== entry ? Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0) : true`,
    );
    await expect(judged(good, code)).rejects.toMatchObject({
      code: 'VALIDATOR_FAILED',
      path: 'validators/drilled',
    });
    expect(children()).toEqual([]);
  });
});

describe('the pinned validator', () => {
  const desk = new Desk();
  beforeAll(() => desk.init());
  afterAll(() => desk[Symbol.dispose]());

  it('that is swapped on disk, in the ledger, is not run: nothing is recorded', async () => {
    const scene = stage.setApart();
    const pack = largestPack(desk.path('.custody'));
    const whole = readFileSync(pack);
    const swapped = Buffer.from(whole);
    // In the middle of the largest pack of a new ledger is the validator's code.
    const at = Math.floor(swapped.length / 2);
    swapped[at] = swapped[at]! ^ 1;
    chmodSync(pack, 0o600); // a pack is read-only
    writeFileSync(pack, swapped);
    const before = desk.state();
    const ran = await desk.run(['rehearse', scene.file('plan.yaml'), '--json']);
    expect(ran.exit).not.toBe(0);
    const { error } = JSON.parse(ran.stdout) as { error: { code: string } };
    expect(['OBJECT_CORRUPT', 'PACK_CORRUPT']).toContain(error.code);
    expect(desk.state()).toEqual(before);

    writeFileSync(pack, whole);
    expect((await desk.run(['rehearse', scene.file('plan.yaml')])).exit).toBe(0);
  });
});

/** Ids of this process's children that run yet. */
function children(): string[] {
  const listed = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim();
  return listed === '' ? [] : listed.split(' ');
}

function largestPack(ledger: string): string {
  const files = readdirSync(ledger, { recursive: true, encoding: 'utf8' })
    .map((name) => join(ledger, name))
    .filter((path) => path.includes('pack') && statSync(path).isFile());
  return files.sort((a, b) => statSync(b).size - statSync(a).size)[0]!;
}
