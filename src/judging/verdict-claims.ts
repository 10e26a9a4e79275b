import { finding, type Finding } from '../finding.ts';
import { whyUnproven } from '../rules/assertions.ts';
import type { Digest } from '../objects/digest.ts';
import { decodeKind, type ObjectOf } from '../objects/kinds.ts';
import type { Link } from '../objects/link.ts';
import { verdictLinkName } from '../packets/find-packet.ts';

/** What semantics needs of a rehearsal. */
export interface JudgedRehearsal {
  readonly link: Link;
  /** Those that must have judged it, in order. */
  readonly validators: readonly Link[];
  readonly isolation: ObjectOf<'rehearsal'>['isolation'];
}

/** @throws CustodyError as decoding does. */
export function readJudged(link: Link, bytes: Uint8Array): JudgedRehearsal {
  const { validators, isolation } = decodeKind('rehearsal', bytes, link.digest);
  return { link, validators, isolation };
}

/** A verdict as the packet links it. */
export interface Claim {
  /** `verdict`, `verdict-2`, …: the link's name, and the path of findings. */
  readonly name: string;
  readonly link: Link;
  readonly verdict: ObjectOf<'verdict'>;
}

/**
 * The verdicts that a packet links: one for each validator of its rehearsal, about that rehearsal, and no other.
 * @throws CustodyError as reading and decoding do.
 */
export async function readClaims(
  links: ObjectOf<'packet'>['links'],
  { link: subject, validators }: JudgedRehearsal,
  get: (id: Digest) => Promise<Uint8Array>,
): Promise<{ claims: Claim[]; findings: Finding[] }> {
  const claims: Claim[] = [];
  const findings: Finding[] = [];
  const names = validators.map((_, i) => verdictLinkName(i));
  for (const [i, name] of names.entries()) {
    const found = links.filter(([key]) => key === name);
    const link = found[0]?.[1];
    if (!link) {
      const detail = `validator ${validators[i]!.digest} has given no verdict`;
      findings.push(finding('VERDICT_MISSING', name, detail));
      continue;
    }
    if (found.length > 1) findings.push(finding('VALIDATOR_MISMATCH', name, 'there are two of this name'));
    const verdict = decodeKind('verdict', await get(link.digest), link.digest);
    claims.push({ name, link, verdict });
    if (!verdict.subject.equals(subject))
      findings.push(finding('VERDICT_DIFFERS', `${name}/subject`, 'the verdict is about another rehearsal'));
    if (!verdict.validator.equals(validators[i]!))
      findings.push(
        finding('VALIDATOR_MISMATCH', `${name}/validator`, 'the rehearsal names another validator here'),
      );
  }
  for (const [i, [key]] of links.entries()) {
    if (names.includes(key) || (key === 'rehearsal' && links.findIndex(([first]) => first === key) === i))
      continue;
    findings.push(
      key.startsWith('verdict')
        ? finding('VALIDATOR_MISMATCH', key, 'the rehearsal names no validator for this verdict')
        : finding('EVIDENCE_MALFORMED', `packet/links/${i}`, 'it is neither the rehearsal nor a verdict'),
    );
  }
  return { claims, findings };
}

/**
 * What the policy of the record asks for: exactly its validators judge, in its order, and its assertions about isolation
 * are proven.
 */
export function checkPolicyMet(
  { validators, isolation }: JudgedRehearsal,
  policy: ObjectOf<'policy'>,
): Finding[] {
  const findings: Finding[] = [];
  const at = 'rehearsal/validators';
  if (validators.length === 0)
    findings.push(finding('VALIDATOR_NOT_PINNED', at, 'it names no validator: nobody judges it'));
  if (ids(validators).join() !== ids(policy.validators).join()) {
    const lacking = policy.validators.filter((link) => !validators.some((named) => named.equals(link)));
    const detail =
      lacking.length > 0
        ? `the policy of that record also pins ${ids(lacking).join(', ')}`
        : 'they are not exactly those that the policy of that record pins, in its order';
    findings.push(finding('VALIDATOR_MISMATCH', at, detail));
  }
  for (const name of policy.isolation) {
    const said = isolation.filter(({ assertion }) => assertion === name).map(({ holds }) => holds);
    const why = whyUnproven(said);
    if (why !== undefined)
      findings.push(
        finding('ISOLATION_UNPROVEN', `policy/isolation/${name}`, `${why}, and a policy requires it`),
      );
  }
  return findings;
}

function ids(links: readonly Link[]): Digest[] {
  return links.map(({ digest }) => digest);
}
