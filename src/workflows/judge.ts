import { CustodyError } from '../errors.ts';
import { compareFindings, finding, type Finding } from '../finding.ts';
import { closure } from '../objects/closure.ts';
import type { Digest } from '../objects/digest.ts';
import { decodeKind, encodeObject, type ObjectOf } from '../objects/kinds.ts';
import type { Link } from '../objects/link.ts';
import { driveSync } from '../objects/walk.ts';
import { runForeign, type ForeignOptions } from '../verify/foreign-process.ts';
import { runValidator } from '../verify/validator-process.ts';
import { executionEvidence } from './execution-evidence.ts';
import type { PinnedValidator } from './policy.ts';

export type JudgeOptions = ForeignOptions;

/** What one validator says of a rehearsal. */
export interface Judgement {
  readonly link: Link;
  readonly name: string;
  readonly accepted: boolean;
  /** In order, each once; empty exactly where accepted. */
  readonly findings: readonly Finding[];
  /** Whether its process had no network; where the system grants no namespace this is not claimed. */
  readonly networkRestricted: boolean;
  /** What its process was shut in by. */
  readonly sandbox: string;
}

interface Objects {
  readonly get: (id: Digest) => Uint8Array;
}

/** A rehearsal with the object source that has everything it reaches. */
interface Case {
  readonly link: Link;
  readonly rehearsal: ObjectOf<'rehearsal'>;
  readonly get: (id: Digest) => Uint8Array;
}

/**
 * Has each validator judge a rehearsal, in a process of its own, in the order that they are given. Before a validator's word
 * counts it is given the same evidence with a planted fault, and must reject that.
 * @throws CustodyError VALIDATOR_FAILED, VALIDATOR_UNCONFINED, INTERRUPTED, …; a rejection is no error.
 */
export async function judgeAll(
  pinned: readonly PinnedValidator[],
  subject: Link,
  { get }: Objects,
  options: JudgeOptions = {},
): Promise<Judgement[]> {
  const rehearsal = decodeKind('rehearsal', get(subject.digest), subject.digest);
  const real = { link: subject, rehearsal, get };
  const planted = plantFault(real);
  const judgements: Judgement[] = [];
  for (const validator of pinned) judgements.push(await judgeOne(validator, real, planted, options));
  return judgements;
}

/** The `verdict` object of a judgement. */
export function verdictOf({ link, accepted, findings }: Judgement, subject: Link): ObjectOf<'verdict'> {
  const listed = findings.map(({ code, path, detail }) => ({ code, path, detail }));
  return { kind: 'verdict', v: 1, validator: link, subject, accepted, findings: listed };
}

/** For the `run` object: what each validator's process was shut in by, and whether all of them had no network. */
export function judgesIsolation(judgements: readonly Judgement[]): [string, string][] {
  const restricted = judgements.every(({ networkRestricted }) => networkRestricted);
  return [
    ['validator-network', restricted ? 'restricted' : 'not restricted'],
    ...judgements.map(({ name, sandbox }): [string, string] => [`validator-sandbox ${name}`, sandbox]),
  ];
}

/**
 * A fabricated rehearsal in which nothing was changed: the state after applying is the before-state, in every leg. Where
 * nothing was applied at all that is the evidence itself, and whoever accepts it accepts anything.
 */
function plantFault({ rehearsal, get }: Case): Case {
  const legs = rehearsal.legs.map((leg) => ({ ...leg, after: rehearsal.entry }));
  const planted = { ...rehearsal, legs };
  const { link, bytes } = encodeObject(planted);
  return { link, rehearsal: planted, get: (id) => (id === link.digest ? bytes : get(id)) };
}

async function judgeOne(
  pinned: PinnedValidator,
  real: Case,
  planted: Case,
  options: JudgeOptions,
): Promise<Judgement> {
  const { link, validator } = pinned;
  const { name } = validator;
  const control = await ask(pinned, planted, options);
  const { networkRestricted, sandbox } = control;
  const lenient = (what: string): Judgement => {
    const findings = [finding('VALIDATOR_LENIENT', `validators/${name}`, what)];
    return { link, name, accepted: false, findings, networkRestricted, sandbox };
  };
  if (control.accepted) return lenient('it accepted evidence in which nothing was changed');
  const judged = planted.link.equals(real.link) ? control : await ask(pinned, real, options);
  const { accepted } = judged;
  return { link, name, accepted, findings: inOrder(judged.findings), networkRestricted, sandbox };
}

type Answer = Pick<Judgement, 'accepted' | 'findings' | 'networkRestricted' | 'sandbox'>;

async function ask(
  { validator, code }: PinnedValidator,
  { link, rehearsal, get }: Case,
  options: JudgeOptions,
): Promise<Answer> {
  switch (validator.runner) {
    case 'node-permission':
      return runValidator(code, link.digest, driveSync(closure([link]), get), options);
    case 'interpreter':
      return runForeign(code, link.digest, executionEvidence(link, rehearsal), options);
    default:
      throw new CustodyError('VALIDATOR_FAILED', `no runner ${JSON.stringify(validator.runner)} is known`, {
        path: `validators/${validator.name}`,
        hint: 'Use the version of custody that pinned it.',
      });
  }
}

/** Sorted, each once. */
function inOrder(findings: readonly Finding[]): Finding[] {
  const sorted = [...findings].sort(compareFindings);
  return sorted.filter((found, i) => i === 0 || compareFindings(sorted[i - 1]!, found) !== 0);
}
