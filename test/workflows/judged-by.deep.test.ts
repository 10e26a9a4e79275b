import { beforeEach, describe, expect, it } from 'vitest';
import type { Digest } from '../../src/objects/digest.ts';
import { decodeKind } from '../../src/objects/kinds.ts';
import type { Link } from '../../src/objects/link.ts';
import { putObject } from '../../src/objects/sink.ts';
import { currentPolicy, policyAfter } from '../../src/judging/policy.ts';
import { verifyRevision } from '../../src/workflows/verify.ts';
import { codes } from '../cli/desk.ts';
import { looksLike, pin, putModule, forgedVerdict, type Forged } from './forge.ts';
import { ForgeDesk, judgedBy, validatorsOf } from './forge-desk.ts';

/** Committed with our own library: seal, objects and chain hold, and who may judge is all that is wrong. */
describe('who judged a rehearsal', () => {
  const at = new ForgeDesk();

  it('a validator that nobody pinned is not run', async () => {
    const validator = putModule(at.good.objects, 'yes', 'true');
    expect(await at.verify(await at.commit(judgedBy(at.good, [validator])))).toEqual([
      ['VALIDATOR_MISMATCH', 'rehearsal/validators'],
      ['VALIDATOR_NOT_PINNED', 'verdict/validator'],
    ]);
  });

  it('a validator that a lane pinned is run only for an auditor who trusts it', async () => {
    const validator = putModule(at.bad.objects, 'custody', looksLike(at.bad));
    await pin(at.ledger, [validator], at.bad.objects, { alone: true });
    const index = await at.commit(judgedBy(at.bad, [validator]));
    expect(await at.verify(index)).toEqual([['VALIDATOR_NOT_PINNED', 'verdict/validator']]);
    expect((await verifyRevision(at.ledger, `@${index}`)).validator).toBe(validator.digest);
    // Trusted, it is run, and what it says counts.
    const trusted = await verifyRevision(at.ledger, `@${index}`, { validators: [validator.digest] });
    expect(trusted).toMatchObject({ ok: true, validators: [{ trustedBy: 'auditor' }] });
    // Another one that is trusted does not help it.
    const other = await verifyRevision(at.ledger, `@${index}`, { validators: [at.bad.rehearsal.digest] });
    expect(codes(other.findings)).toEqual([['VALIDATOR_NOT_PINNED', 'verdict/validator']]);
  });

  it('a validator that accepts everything is told by a planted fault', async () => {
    const validator = putModule(at.bad.objects, 'custody', 'true');
    await pin(at.ledger, [validator], at.bad.objects, { alone: true });
    const index = await at.commit(judgedBy(at.bad, [validator]));
    const { findings } = await verifyRevision(at.ledger, `@${index}`, { validators: [validator.digest] });
    expect(codes(findings)).toEqual([
      ['VERDICT_DIFFERS', 'verdict'],
      ['VERDICT_REJECTED', 'verdict'],
      ['VERDICT_DIFFERS', 'verdict/faults'],
      ['VALIDATOR_LENIENT', 'verdict/validators/custody'],
    ]);
  });

  it('a policy of a lane that leaves out what the first one pins', async () => {
    const validator = putModule(at.bad.objects, 'yes', looksLike(at.bad));
    await pin(at.ledger, [validator], at.bad.objects, { alone: true });
    const index = await at.commit(judgedBy(at.bad, [validator]));
    const { findings } = await verifyRevision(at.ledger, `@${index}`, { validators: [validator.digest] });
    expect(codes(findings)).toEqual([['VALIDATOR_MISMATCH', 'rehearsal/validators']]);
  });

  it('a validator that the policy pins and the rehearsal leaves out', async () => {
    const validator = putModule(at.good.objects, 'strict', 'false');
    await pin(at.ledger, [validator], at.good.objects);
    const index = await at.commit(at.good);
    expect(await at.verify(index)).toEqual([['VALIDATOR_MISMATCH', 'rehearsal/validators']]);
  });

  it('a record is judged under the policy of its time, not under a later one', async () => {
    const before = await at.commit(at.good);
    await pin(at.ledger, [putModule(at.good.objects, 'later', 'false')], at.good.objects);
    expect(await at.verify(before)).toEqual([]);
  });

  it('what the policy of the record requires of isolation is proven, or found', async () => {
    const requires = async (...isolation: string[]): Promise<void> => {
      await using session = await at.ledger.session();
      const after = policyAfter(await currentPolicy(at.ledger), {});
      const policy = putObject(session.writer, { ...after, isolation });
      const draft = { type: 'policy', author: 'owner', lane: 'main', message: '' } as const;
      await session.append({ ...draft, policy });
    };
    await requires('source-unchanged');
    expect(await at.verify(await at.commit(at.good))).toEqual([]);
    await requires('source-unchanged', 'never-asserted');
    expect(await at.verify(await at.commit(at.good))).toEqual([
      ['ISOLATION_UNPROVEN', 'policy/isolation/never-asserted'],
    ]);
    // A later policy may not ask for less than the one that the auditor starts from.
    const { id: stricter } = await currentPolicy(at.ledger);
    await requires('source-unchanged');
    const weakened = await at.commit(at.good);
    expect(await at.verify(weakened)).toEqual([]);
    const { findings } = await verifyRevision(at.ledger, `@${weakened}`, { policy: stricter });
    expect(codes(findings)).toContainEqual(['ISOLATION_UNPROVEN', 'policy/isolation/never-asserted']);
    // Asserted, but it does not hold.
    const { objects, rehearsal } = at.good;
    const evidence = decodeKind('rehearsal', objects.get(rehearsal.digest));
    const isolation = evidence.isolation.map((claim) => ({
      ...claim,
      holds: claim.assertion !== 'network-isolated',
    }));
    const subject = putObject(objects, { ...evidence, isolation });
    const verdict = putObject(objects, { ...forgedVerdict(at.good), subject });
    await requires('network-isolated');
    expect(await at.verify(await at.commit({ ...at.good, rehearsal: subject, verdict }))).toContainEqual([
      'ISOLATION_UNPROVEN',
      'policy/isolation/network-isolated',
    ]);
  });

  describe('with two validators', () => {
    let both: Forged;
    let second: Link;
    const options = (): { validators: Digest[] } => ({ validators: [second.digest] });
    const trusting = async (index: number): Promise<[string, string][]> =>
      codes((await verifyRevision(at.ledger, `@${index}`, options())).findings);
    beforeEach(async () => {
      second = putModule(at.good.objects, 'second', looksLike(at.good));
      await pin(at.ledger, [second], at.good.objects);
      both = judgedBy(at.good, [...validatorsOf(at.good), second]);
    });
    const linksOf = (material: Forged): [string, Link][] => [
      ['rehearsal', material.rehearsal],
      ['verdict', material.verdict],
      ['verdict-2', material.verdicts![0]!],
    ];

    it('both judge again', async () => {
      const index = await at.commit(both);
      expect(await at.verify(index)).toEqual([['VALIDATOR_NOT_PINNED', 'verdict-2/validator']]);
      const report = await verifyRevision(at.ledger, `@${index}`, options());
      expect(report).toMatchObject({
        ok: true,
        validators: [{ trustedBy: 'first policy' }, { trustedBy: 'auditor', validator: second.digest }],
      });
    });

    it('one verdict too few', async () => {
      const index = await at.commit(both, { links: linksOf(both).slice(0, 2) });
      expect(await trusting(index)).toEqual([['VERDICT_MISSING', 'verdict-2']]);
    });

    it('one verdict too many', async () => {
      const links = [...linksOf(both), ['verdict-3', both.verdict] as [string, Link]];
      const index = await at.commit(both, { links });
      expect(await trusting(index)).toEqual([['VALIDATOR_MISMATCH', 'verdict-3']]);
    });

    it('two verdicts of one name', async () => {
      const links = [...linksOf(both), ['verdict-2', both.verdict] as [string, Link]];
      const index = await at.commit(both, { links });
      expect(await trusting(index)).toEqual([['VALIDATOR_MISMATCH', 'verdict-2']]);
    });

    it('two verdicts of one validator', async () => {
      const links = linksOf(both).with(2, ['verdict-2', both.verdict]);
      const index = await at.commit(both, { links });
      expect(await trusting(index)).toContainEqual(['VALIDATOR_MISMATCH', 'verdict-2/validator']);
    });

    it('a verdict that was given on another rehearsal', async () => {
      for (const [id, { codec, bytes }] of at.bad.objects.entries()) at.good.objects.put(codec, id, bytes);
      const replayed = judgedBy({ ...at.bad, objects: at.good.objects }, [...validatorsOf(at.bad), second]);
      const links = linksOf(both).with(2, ['verdict-2', replayed.verdicts![0]!]);
      const index = await at.commit(both, { links });
      expect(await trusting(index)).toContainEqual(['VERDICT_DIFFERS', 'verdict-2/subject']);
    });

    it('the two in another order than the policy pins them', async () => {
      const turned = judgedBy(at.good, [second, ...validatorsOf(at.good)]);
      const index = await at.commit(turned);
      expect(await trusting(index)).toEqual([['VALIDATOR_MISMATCH', 'rehearsal/validators']]);
    });

    it('one rejects: nobody accepts', async () => {
      const strict = putModule(at.good.objects, 'strict', 'false');
      await pin(at.ledger, [strict], at.good.objects);
      const three = judgedBy(at.good, [...validatorsOf(at.good), second, strict]);
      const index = await at.commit(three);
      const trusted = { validators: [second.digest, strict.digest] };
      const { findings } = await verifyRevision(at.ledger, `@${index}`, trusted);
      expect(codes(findings)).toEqual([
        ['VERDICT_DIFFERS', 'verdict-3'],
        ['VERDICT_REJECTED', 'verdict-3'],
        ['NO_REAL_CHANGE', 'verdict-3/delta'],
      ]);
    });
  });

  it('a rehearsal that names another validator than its verdict', async () => {
    const evidence = decodeKind('rehearsal', at.good.objects.get(at.good.rehearsal.digest));
    const other = putModule(at.good.objects, 'other', 'true');
    const rehearsal = putObject(at.good.objects, { ...evidence, validators: [other] });
    const verdict = putObject(at.good.objects, { ...forgedVerdict(at.good), subject: rehearsal });
    expect(await at.verify(await at.commit({ ...at.good, rehearsal, verdict }))).toContainEqual([
      'VALIDATOR_MISMATCH',
      'verdict/validator',
    ]);
  });

  it('a rehearsal that names no validator', async () => {
    const evidence = decodeKind('rehearsal', at.good.objects.get(at.good.rehearsal.digest));
    const rehearsal = putObject(at.good.objects, { ...evidence, validators: [] });
    const links: [string, Link][] = [['rehearsal', rehearsal]];
    expect(await at.verify(await at.commit({ ...at.good, rehearsal }, { links }))).toEqual([
      ['VALIDATOR_MISMATCH', 'rehearsal/validators'],
      ['VALIDATOR_NOT_PINNED', 'rehearsal/validators'],
    ]);
  });
});
