import { categoryOf, type ErrorCode, isCustodyError, isDamage } from '../errors.ts';
import { compareFindings, finding, type Finding } from '../finding.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { compareBytes, encode, type Value } from '../objects/codec.ts';
import type { Digest } from '../objects/digest.ts';
import { decodeKind, type ObjectOf } from '../objects/kinds.ts';
import type { Link } from '../objects/link.ts';
import { unknownOr } from '../objects/object-fault.ts';
import { judgeAll, type JudgeOptions } from '../judging/judge.ts';
import { checkWritten } from '../packets/files/check-written.ts';
import { comparePacketFiles } from '../packets/files/compare.ts';
import { packetFiles } from '../packets/files/packet-files.ts';
import { linkOf } from '../packets/find-packet.ts';
import { judgedPlan } from '../rules/judged.ts';
import { loadValidator } from '../judging/policy.ts';
import {
  checkPolicyMet,
  readClaims,
  readJudged,
  type Claim,
  type JudgedRehearsal,
} from '../judging/verdict-claims.ts';
import type { Judge } from './verify-report.ts';

export interface SemanticsOptions extends JudgeOptions {
  /** The first policy: the validators that it pins are trusted. */
  readonly firstPolicy: Digest;
  /** Validators that the auditor trusts beyond those. */
  readonly validators?: readonly Digest[];
  /** Is told of each verdict who judged, in order. */
  readonly onJudge?: (judge: Judge) => void;
}

/**
 * The semantics level: every validator that the policy of that time pins judges the rehearsal again, from the objects, and
 * must come to the same verdict; each verdict must be an acceptance; what that policy requires is proven; and the packet's
 * files must be what these objects give. Whoever appends may pin a validator: one that neither the first policy pins nor
 * the auditor names is not run.
 * @param policy that was in force at the packet's record.
 */
export async function verifySemantics(
  ledger: Ledger,
  packet: ObjectOf<'packet'>,
  policy: ObjectOf<'policy'>,
  options: SemanticsOptions,
): Promise<Finding[]> {
  return attempt('semantics', () => judgeAgain(ledger, packet, policy, options));
}

/**
 * Errors, beyond those of category evidence, that say that the evidence is at fault: a validator that does not answer, and plans
 * and profiles that cannot be read as what they are stored as. Whatever else is thrown is not the evidence's fault.
 */
const FAULTS_OF_EVIDENCE: ReadonlySet<ErrorCode> = new Set([
  'VALIDATOR_FAILED',
  'PLAN_SYNTAX',
  'PLAN_INVALID',
  'PLAN_KEY_UNKNOWN',
  'PROFILE_INVALID',
  'INCLUDE_REFUSED',
]);

async function attempt(path: string, work: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await work();
  } catch (error) {
    if (!isCustodyError(error)) throw error;
    if (categoryOf(error) !== 'evidence' && !FAULTS_OF_EVIDENCE.has(error.code)) throw error;
    // Damage of the store is no verdict, nor is what nobody knows: it is called what fsck calls it.
    const code = unknownOr(error, error.code.startsWith('PACK_') ? 'PACK_DAMAGED' : 'VERDICT_DIFFERS');
    return [finding(code, path, `${error.code}: ${error.message}`)];
  }
}

async function judgeAgain(
  ledger: Ledger,
  packet: ObjectOf<'packet'>,
  policy: ObjectOf<'policy'>,
  options: SemanticsOptions,
): Promise<Finding[]> {
  const subject = linkOf(packet.links, 'rehearsal');
  if (!subject) return [finding('EVIDENCE_MALFORMED', 'packet', 'it does not link a rehearsal')];
  const { get } = ledger;
  const rehearsal = readJudged(subject, await get(subject.digest));
  const { claims, findings } = await readClaims(packet.links, rehearsal, get);
  const first = await readFirstPolicy(options.firstPolicy, get);
  const isolation = [...new Set([...policy.isolation, ...(first?.isolation ?? [])])].sort();
  findings.push(...checkPolicyMet(rehearsal, { ...policy, isolation }));
  if (first) findings.push(...(await checkNamesKept(policy, first, get)));
  const verdicts = claims.map(({ link }) => link);
  const objects = { get: await ledger.store.reader() };
  findings.push(...(await attempt('semantics', () => checkWritten(subject, objects.get))));
  findings.push(...(await attempt('semantics', async () => checkMacro(packet, subject, objects.get))));
  let run = 0;
  for (const claim of claims) {
    const { digest, codec } = claim.verdict.validator;
    const name = nameOf(digest, objects.get);
    // Where several judge, each finding says whose it is.
    const by = name === null || claims.length === 1 ? '' : ` (${name})`;
    const trustedBy = trustIn(claim.verdict.validator, first, options.validators ?? []);
    const pinned = policy.validators.some((link) => link.digest === digest && link.codec === codec);
    if (!pinned || trustedBy === 'nobody') {
      options.onJudge?.({ validator: digest, name, trustedBy, sandbox: null, judged: [] });
      const why = pinned
        ? 'only a later policy pins it; to trust it: --validator'
        : 'the policy of that record does not pin it:';
      findings.push(finding('VALIDATOR_NOT_PINNED', `${claim.name}/validator`, `${why} ${digest}${by}`));
      continue;
    }
    run++;
    const again = await attempt(claim.name, () =>
      judgeClaim(ledger, rehearsal, claim, options, (sandbox, judged) =>
        options.onJudge?.({ validator: digest, name, trustedBy, sandbox, judged }),
      ),
    );
    findings.push(...again.map(({ code, path, detail }) => finding(code, path, `${detail}${by}`)));
  }
  // Where a verdict is missing nobody knows the files that belong to it, and an unknown validator's are its own affair.
  if (run === 0 || run < rehearsal.validators.length) return findings;
  const files = await attempt('semantics', async () =>
    comparePacketFiles(packet, (templates) => packetFiles(subject, verdicts, objects, templates), get),
  );
  return [...findings, ...files];
}

/** The mandate stands in the plan; the packet says it again. */
function checkMacro(packet: ObjectOf<'packet'>, subject: Link, get: (id: Digest) => Uint8Array): Finding[] {
  const rehearsal = decodeKind('rehearsal', get(subject.digest), subject.digest);
  const plan = decodeKind('plan', get(rehearsal.plan.digest), rehearsal.plan.digest);
  return packet.macro === judgedPlan(plan, get).macro
    ? []
    : [finding('EVIDENCE_MALFORMED', 'packet/macro', 'the plan names another one')];
}

/** Has the validator of one verdict judge again, and compares. */
async function judgeClaim(
  ledger: Ledger,
  rehearsal: JudgedRehearsal,
  { name, verdict }: Claim,
  options: SemanticsOptions,
  onJudged: (sandbox: string, findings: readonly Finding[]) => void,
): Promise<Finding[]> {
  const pinned = await loadValidator(ledger, verdict.validator);
  const judged = (await judgeAll([pinned], rehearsal.link, ledger.get, options))[0]!;
  const findings: Finding[] = [];
  const stored = [...verdict.findings].sort(compare);
  const again = [...judged.findings].sort(compareFindings);
  onJudged(judged.sandbox, again);
  if (judged.accepted !== verdict.accepted || JSON.stringify(stored) !== JSON.stringify(again)) {
    const said = `judged again it is ${judged.accepted ? 'accepted' : 'rejected'} with ${again.length} findings`;
    findings.push(finding('VERDICT_DIFFERS', name, said));
  }
  const differs = (what: string): Finding =>
    finding('VERDICT_DIFFERS', `${name}/${what}`, 'it says something else than now comes out');
  if (!same(judged.faults, verdict.faults)) findings.push(differs('faults'));
  const [claimed, known] = [verdict.selftest, judged.selftest];
  if (claimed && known && same(claimed.vectors, known.vectors)) {
    if (!same(claimed, known)) findings.push(differs('selftest'));
  } else if (claimed)
    findings.push(
      finding('SELFTEST_UNKNOWN', `${name}/selftest`, 'this custody does not know what its selftest gives'),
    );
  if (!judged.accepted) {
    const codes = [...new Set(again.map(({ code }) => code))].join(', ');
    findings.push(finding('VERDICT_REJECTED', name, `rejected: ${codes}`));
    // Why: each with its own code, under the verdict that it belongs to.
    findings.push(...again.map(({ code, path, detail }) => finding(code, `${name}/${path}`, detail)));
  }
  return findings;
}

function same(a: Value, b: Value): boolean {
  return compareBytes(encode([a]), encode([b])) === 0;
}

/** Undefined where it cannot be read: level chain says what is wrong with it; it pins nothing here. */
async function readFirstPolicy(
  id: Digest,
  get: (id: Digest) => Promise<Uint8Array>,
): Promise<ObjectOf<'policy'> | undefined> {
  try {
    return decodeKind('policy', await get(id), id);
  } catch (error) {
    if (isDamage(error)) return undefined;
    throw error;
  }
}

function nameOf(id: Digest, get: (id: Digest) => Uint8Array): string | null {
  try {
    return decodeKind('validator', get(id), id).name;
  } catch (error) {
    if (isDamage(error)) return null;
    throw error;
  }
}

/** Whoever appends may write a policy: of what the first one pins, another may take a validator's place, not leave it empty. */
async function checkNamesKept(
  { validators }: ObjectOf<'policy'>,
  first: ObjectOf<'policy'>,
  get: (id: Digest) => Promise<Uint8Array>,
): Promise<Finding[]> {
  const nameOf = async ({ digest }: Link): Promise<string> =>
    decodeKind('validator', await get(digest), digest).name;
  const names = await Promise.all(validators.map(nameOf));
  const due = await Promise.all(first.validators.map(nameOf));
  return due
    .filter((name) => !names.includes(name))
    .map((name) =>
      finding(
        'VALIDATOR_MISMATCH',
        'rehearsal/validators',
        `the first policy pins a validator called ${name}`,
      ),
    );
}

function trustIn(
  { digest, codec }: Link,
  first: ObjectOf<'policy'> | undefined,
  auditors: readonly Digest[],
): Judge['trustedBy'] {
  if (first?.validators.some((link) => link.digest === digest && link.codec === codec)) return 'first policy';
  return auditors.includes(digest) ? 'auditor' : 'nobody';
}

function compare(
  a: { path: string; code: string; detail: string },
  b: { path: string; code: string; detail: string },
): number {
  return compareFindings(a as Finding, b as Finding);
}
