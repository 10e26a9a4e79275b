import { isCustodyError } from '../errors.ts';
import { compareFindings, finding, type Finding } from '../finding.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { closure } from '../objects/closure.ts';
import { type Digest } from '../objects/digest.ts';
import { decodeKind, type ObjectOf } from '../objects/kinds.ts';
import type { Link } from '../objects/link.ts';
import { MemoryObjects } from '../objects/memory-objects.ts';
import { driveAsync } from '../objects/walk.ts';
import { runValidator } from '../verify/validator-process.ts';
import { comparePacketFiles } from './packet/compare.ts';
import { packetFiles } from './packet-files.ts';
import { currentPolicy, loadValidator } from './policy.ts';
import type { Judge } from './verify-report.ts';

export interface SemanticsOptions {
  readonly signal?: AbortSignal;
  /** The first policy: the validators that it pins are trusted. */
  readonly firstPolicy: Digest;
  /** Validators that the auditor trusts beyond those. */
  readonly validators?: readonly Digest[];
  /** Is told who judged. */
  readonly onJudge?: (judge: Judge) => void;
}

/**
 * The semantics level: the validator that the policy of that time pins judges the rehearsal again, from the objects, and
 * must come to the same verdict; the verdict must be an acceptance; and the packet's files must be what these objects
 * give. Whoever appends may pin a validator: one that neither the first policy pins nor the auditor names is not run.
 * @param at the record whose policy counts; undefined: the newest.
 */
export async function verifySemantics(
  ledger: Ledger,
  packet: ObjectOf<'packet'>,
  at: number | undefined,
  options: SemanticsOptions,
): Promise<Finding[]> {
  try {
    return await judgeAgain(ledger, packet, at, options);
  } catch (error) {
    // What the environment did is no fault of the evidence; a validator that does not answer is.
    if (!isCustodyError(error) || error.exitCode === 70) throw error;
    if (error.exitCode === 4 && error.code !== 'VALIDATOR_FAILED') throw error;
    return [finding('VERDICT_DIFFERS', 'semantics', `${error.code}: ${error.message}`)];
  }
}

async function judgeAgain(
  ledger: Ledger,
  packet: ObjectOf<'packet'>,
  at: number | undefined,
  options: SemanticsOptions,
): Promise<Finding[]> {
  const find = (name: string): Link | undefined => packet.links.find(([key]) => key === name)?.[1];
  const verdictLink = find('verdict');
  const subject = find('rehearsal');
  if (!verdictLink || !subject)
    return [finding('EVIDENCE_MALFORMED', 'packet', 'it does not link a rehearsal and a verdict')];
  const get = (id: Digest): Promise<Uint8Array> => ledger.store.get(id);
  const verdict = decodeKind('verdict', await get(verdictLink.digest), verdictLink.digest);
  const rehearsal = decodeKind('rehearsal', await get(subject.digest), subject.digest);
  const findings: Finding[] = [];
  if (!verdict.subject.equals(subject))
    findings.push(finding('VERDICT_DIFFERS', 'verdict/subject', 'the verdict is about another rehearsal'));
  if (!verdict.validator.equals(rehearsal.validator))
    findings.push(
      finding('VALIDATOR_MISMATCH', 'verdict/validator', 'the rehearsal names another validator'),
    );
  const judge = await judgeOf(verdict.validator, options, get);
  options.onJudge?.(judge);
  const { policy } = await currentPolicy(ledger, at);
  const pinned = policy.validators.some((link) => link.equals(verdict.validator));
  if (!pinned || judge.trustedBy === 'nobody') {
    // A validator that nobody pinned, or that only a lane pinned, is not run.
    const why = pinned
      ? 'only a later policy pins it; to trust it: --validator'
      : 'the policy of that record does not pin it:';
    const detail = `${why} ${verdict.validator.digest}`;
    return [...findings, finding('VALIDATOR_NOT_PINNED', 'verdict/validator', detail)];
  }
  const { code } = await loadValidator(ledger, verdict.validator);
  const objects = new MemoryObjects();
  for await (const { link, bytes } of driveAsync(closure([verdictLink, subject]), get, options))
    objects.put(link.codec, link.digest, bytes);
  const evidence = driveAsync(closure([subject]), async (id) => objects.get(id));
  const judged = await runValidator(code, subject.digest, evidence, options);
  const stored = [...verdict.findings].sort(compare);
  const again = [...judged.findings].sort(compareFindings);
  if (judged.accepted !== verdict.accepted || JSON.stringify(stored) !== JSON.stringify(again)) {
    findings.push(
      finding(
        'VERDICT_DIFFERS',
        'verdict',
        `judged again it is ${judged.accepted ? 'accepted' : 'rejected'} with ${again.length} findings`,
      ),
    );
  }
  if (!judged.accepted) {
    findings.push(
      finding(
        'VERDICT_REJECTED',
        'verdict',
        `rejected: ${[...new Set(again.map(({ code: c }) => c))].join(', ')}`,
      ),
    );
  }
  const files = await packetFiles(subject, [verdictLink], objects);
  return [...findings, ...(await comparePacketFiles(packet, files, objects.get, get))];
}

async function judgeOf(
  { digest, codec }: Link,
  { firstPolicy, validators }: SemanticsOptions,
  get: (id: Digest) => Promise<Uint8Array>,
): Promise<Judge> {
  const first = await get(firstPolicy).then(
    (bytes) => decodeKind('policy', bytes, firstPolicy).validators,
    (error: unknown) => {
      // Level chain says what is wrong with the first policy; it pins nothing here.
      if (isCustodyError(error) && error.exitCode === 1) return [];
      throw error;
    },
  );
  if (first.some((link) => link.digest === digest && link.codec === codec))
    return { validator: digest, trustedBy: 'first policy' };
  return { validator: digest, trustedBy: validators?.includes(digest) ? 'auditor' : 'nobody' };
}

function compare(
  a: { path: string; code: string; detail: string },
  b: { path: string; code: string; detail: string },
): number {
  return compareFindings(a as Finding, b as Finding);
}
