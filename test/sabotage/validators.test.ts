import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { digestOf, digestToBytes } from '../../src/objects/digest.ts';
import type { ObjectOf } from '../../src/objects/kinds.ts';
import { MemoryObjects } from '../../src/objects/memory-objects.ts';
import { putBlob, putObject } from '../../src/objects/sink.ts';
import { judgeAll, type NamedJudgement } from '../../src/judging/judge.ts';
import { Desk } from '../cli/desk.ts';
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
    v: 1,
    name: 'drilled',
    file: putBlob(memory, code),
    sha256: digestToBytes(digestOf(code)),
    runner: 'node-permission',
  };
  const link = putObject(memory, validator);
  const [judgement] = await judgeAll([{ link, validator, code }], rehearsal, objects);
  return judgement!;
}

const found = ({ findings }: NamedJudgement): string[] => findings.map(({ code, path }) => `${code} ${path}`);

/** A validator for node that answers what `accepted` says of the last leg: three ids in hex, of states. */
const module = (accepted: string): Buffer =>
  Buffer.from(`const pieces = [];
for await (const piece of process.stdin) pieces.push(piece);
const input = Buffer.concat(pieces);
const rehearsal = input.toString('hex', 70, 70 + input.readUInt32BE(65));
const last = (name) => {
  const key = (0x60 + name.length).toString(16) + Buffer.from(name).toString('hex') + 'd82a5825';
  const at = rehearsal.lastIndexOf(key) + key.length;
  return rehearsal.slice(at, at + 74);
};
const [entry, after, back] = ['entry', 'after', 'back'].map(last);
const accepted = ${accepted};
const findings = accepted ? [] : [{ code: 'NO_REAL_CHANGE', path: 'legs', detail: '' }];
console.log(JSON.stringify({ subject: input.toString('latin1', 0, 64), accepted, findings }));
`);

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
    const code = module('after !== entry && after !== back');
    expect(await judged(good, code)).toMatchObject({ accepted: true, findings: [] });
  });

  it.each([
    ['whether something was changed', 'after !== entry'],
    ['whether it is as it was', 'back === entry'],
  ])('that looks only %s is not', async (_what, accepted) => {
    for (const rehearsal of [good, bad])
      expect(found(await judged(rehearsal, module(accepted)))).toEqual([
        'VALIDATOR_LENIENT validators/drilled',
      ]);
  });

  it('that dies of one of them leaves no process behind', async () => {
    // Of the three that it is asked, one ends at once and the others would never end.
    const code = module(
      `after === entry ? process.exit(3) : await new Promise(() => setInterval(() => 0, 1e6))`,
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
