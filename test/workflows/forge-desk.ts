import { cpSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { decodeKind } from '../../src/objects/kinds.ts';
import type { Link } from '../../src/objects/link.ts';
import { putObject } from '../../src/objects/sink.ts';
import { verifyRevision } from '../../src/workflows/verify.ts';
import { codes, Desk } from '../cli/desk.ts';
import { writePlan } from '../cli/plans.ts';
import { commitForged, materialOf, forgedVerdict, type Forged } from './forge.ts';

interface Ids {
  readonly rehearsal: string;
  readonly verdict: string;
}

/** For each test a ledger of its own with one accepted and one rejected rehearsal, which are made once. */
export class ForgeDesk {
  desk!: Desk;
  ledger!: Ledger;
  good!: Forged;
  bad!: Forged;

  /** Call it in a describe. */
  constructor() {
    const made = new Desk();
    let ids: { good: Ids; bad: Ids };
    // Two rehearsals, each judged twice: slow where other tests want the processor too.
    beforeAll(async () => {
      ids = await rehearse(made);
    }, 240_000);
    beforeEach(async () => {
      this.desk = new Desk();
      cpSync(made.dir, this.desk.dir, { recursive: true });
      this.ledger = await this.desk.ledger();
      this.good = await materialOf(this.ledger, ids.good);
      this.bad = await materialOf(this.ledger, ids.bad);
    });
    afterEach(async () => {
      await this.ledger[Symbol.asyncDispose]();
      this.desk[Symbol.dispose]();
    });
    afterAll(() => made[Symbol.dispose]());
  }

  commit(material: Forged, options: Parameters<typeof commitForged>[2] = {}): Promise<number> {
    return commitForged(this.ledger, material, options);
  }

  /** What verify finds in a record that is whole: only semantics can object. */
  async verify(index: number): Promise<[string, string][]> {
    const report = await verifyRevision(this.ledger, `@${index}`);
    expect(report.ok).toBe(report.findings.length === 0);
    if (report.findings.length > 0)
      expect(report.levels).toMatchObject({ objects: 'done', chain: 'done', semantics: 'failed' });
    return codes(report.findings);
  }
}

async function rehearse(desk: Desk): Promise<{ good: Ids; bad: Ids }> {
  await desk.init();
  const good = await desk.json<Ids>(['rehearse', writePlan(desk)]);
  desk.write('rejected.yaml', desk.read('plan.yaml').replace('{ inserted: 1 }', '{ inserted: 2 }'));
  return { good, bad: await desk.json<Ids>(['rehearse', 'rejected.yaml'], 1) };
}

/** The rehearsal as if these validators had judged it, with verdicts that accept. */
export function judgedBy(material: Forged, validators: readonly Link[]): Forged {
  const { objects, rehearsal } = material;
  const evidence = decodeKind('rehearsal', objects.get(rehearsal.digest));
  const subject = putObject(objects, { ...evidence, validators });
  const said = { ...forgedVerdict(material), accepted: true, findings: [], subject };
  const [verdict, ...verdicts] = validators.map((validator) => {
    // Nobody knows the selftest of another one.
    const selftest = validator.equals(said.validator) ? said.selftest : null;
    return putObject(objects, { ...said, validator, selftest });
  });
  return { ...material, rehearsal: subject, verdict: verdict!, verdicts };
}

export function validatorsOf({ objects, rehearsal }: Forged): readonly Link[] {
  return decodeKind('rehearsal', objects.get(rehearsal.digest)).validators;
}
