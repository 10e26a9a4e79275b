import { CustodyError, isCustodyError } from '../errors.ts';
import { compareFindings, finding, type Finding } from '../finding.ts';
import { closure } from '../objects/closure.ts';
import type { Digest } from '../objects/digest.ts';
import { decodeKind, encodeObject, type ObjectOf } from '../objects/kinds.ts';
import type { Link } from '../objects/link.ts';
import { driveSync } from '../objects/walk.ts';
import { runForeign } from './foreign-process.ts';
import type { SandboxOptions } from './sandbox.ts';
import { runValidator } from './validator-process.ts';
import { executionEvidence } from '../packets/files/execution-evidence.ts';
import { twoAtOnce } from '../system/two-at-once.ts';
import type { PinnedValidator } from './policy.ts';

export type JudgeOptions = SandboxOptions;

/** What one validator says of a rehearsal. */
export interface NamedJudgement {
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

interface Evidence {
  readonly link: Link;
  readonly bytes: Uint8Array;
}

/** A rehearsal, and everything it reaches: itself first. */
interface Case {
  readonly link: Link;
  readonly rehearsal: ObjectOf<'rehearsal'>;
  readonly evidence: Iterable<Evidence>;
}

/**
 * Has each validator judge a rehearsal, in a process of its own, in the order that they are given. Before a validator's word
 * counts it is given the same evidence with each of two planted faults, and must reject both.
 * @throws CustodyError VALIDATOR_FAILED, VALIDATOR_UNCONFINED, INTERRUPTED, …; a rejection is no error.
 */
export async function judgeAll(
  pinned: readonly PinnedValidator[],
  subject: Link,
  { get }: Objects,
  options: JudgeOptions = {},
): Promise<NamedJudgement[]> {
  const rehearsal = decodeKind('rehearsal', get(subject.digest), subject.digest);
  // Followed anew for each process, as it takes it: it may be larger than memory.
  const evidence = { [Symbol.iterator]: () => driveSync(closure([subject]), get) };
  const real = { link: subject, rehearsal, evidence };
  const planted = PLANTED.map(([what, change]) => ({ what, case: plant(real, change) }));
  const judgements: NamedJudgement[] = [];
  for (const validator of pinned) judgements.push(await judgeOne(validator, real, planted, options));
  return judgements;
}

/** The `verdict` object of a judgement. */
export function verdictOf({ link, accepted, findings }: NamedJudgement, subject: Link): ObjectOf<'verdict'> {
  const listed = findings.map(({ code, path, detail }) => ({ code, path, detail }));
  return { kind: 'verdict', v: 1, validator: link, subject, accepted, findings: listed };
}

/** For the `run` object: what each validator's process was shut in by, and whether all of them had no network. */
export function judgesIsolation(judgements: readonly NamedJudgement[]): [string, string][] {
  const restricted = judgements.every(({ networkRestricted }) => networkRestricted);
  return [
    ['validator-network', restricted ? 'restricted' : 'not restricted'],
    ...judgements.map(({ name, sandbox }): [string, string] => [`validator-sandbox ${name}`, sandbox]),
  ];
}

type Change = (rehearsal: ObjectOf<'rehearsal'>) => ObjectOf<'rehearsal'>['legs'];

/**
 * Fabricated rehearsals. In the first the state after applying is the before-state, in every leg; in the second the last way
 * back leads to the changed state. Where that is the evidence itself, whoever accepts it accepts anything.
 */
const PLANTED: readonly (readonly [what: string, change: Change])[] = [
  [
    'it accepted evidence in which nothing was changed',
    ({ legs, entry }) => legs.map((leg) => ({ ...leg, after: entry })),
  ],
  [
    'it accepted evidence in which nothing was taken back',
    ({ legs }) => legs.map((leg, i) => (i === legs.length - 1 ? { ...leg, back: leg.after } : leg)),
  ],
];

interface Planted {
  /** What to say of whoever accepts it. */
  readonly what: string;
  readonly case: Case;
}

/** What it no longer reaches does no harm: a validator judges what it reaches. */
function plant({ link: original, rehearsal, evidence }: Case, change: Change): Case {
  const planted = { ...rehearsal, legs: change(rehearsal) };
  const { link, bytes } = encodeObject(planted);
  function* changed(): Generator<Evidence> {
    yield { link, bytes };
    for (const one of evidence) if (!one.link.equals(original)) yield one;
  }
  return { link, rehearsal: planted, evidence: { [Symbol.iterator]: changed } };
}

async function judgeOne(
  pinned: PinnedValidator,
  real: Case,
  planted: readonly Planted[],
  options: JudgeOptions,
): Promise<NamedJudgement> {
  const { link, validator } = pinned;
  const { name } = validator;
  const cases = [real, ...planted.map((one) => one.case).filter((one) => !one.link.equals(real.link))];
  const answers = await twoAtOnce(
    cases,
    (one, _, signal) => ask(pinned, one, { ...options, signal }),
    options,
  );
  const answerTo = (asked: Case): Answer => answers[cases.findIndex((one) => one.link.equals(asked.link))]!;
  const { accepted, findings, networkRestricted, sandbox } = answerTo(real);
  const lenient = planted.find((one) => answerTo(one.case).accepted);
  if (lenient) {
    const found = [finding('VALIDATOR_LENIENT', `validators/${name}`, lenient.what)];
    return { link, name, accepted: false, findings: found, networkRestricted, sandbox };
  }
  return { link, name, accepted, findings: inOrder(findings), networkRestricted, sandbox };
}

type Answer = Pick<NamedJudgement, 'accepted' | 'findings' | 'networkRestricted' | 'sandbox'>;

/** Of several validators the error says which did not judge. */
async function ask(pinned: PinnedValidator, about: Case, options: JudgeOptions): Promise<Answer> {
  try {
    return await run(pinned, about, options);
  } catch (error) {
    if (!isCustodyError(error, 'VALIDATOR_FAILED')) throw error;
    const { name } = pinned.validator;
    throw new CustodyError('VALIDATOR_FAILED', `${name}: ${error.message}`, {
      cause: error,
      path: `validators/${name}`,
      hint: error.hint,
    });
  }
}

async function run(
  { validator, code }: PinnedValidator,
  { link, rehearsal, evidence }: Case,
  options: JudgeOptions,
): Promise<Answer> {
  switch (validator.runner) {
    case 'node-permission':
      return runValidator(code, link.digest, evidence, options);
    case 'interpreter':
      return runForeign(code, link.digest, executionEvidence(link, rehearsal), options);
    default:
      throw new CustodyError('VALIDATOR_FAILED', `no runner ${JSON.stringify(validator.runner)} is known`, {
        hint: 'Use the version of custody that pinned it.',
      });
  }
}

/** Sorted, each once. */
function inOrder(findings: readonly Finding[]): Finding[] {
  const sorted = [...findings].sort(compareFindings);
  return sorted.filter((found, i) => i === 0 || compareFindings(sorted[i - 1]!, found) !== 0);
}
