import { CustodyError, isCustodyError } from '../errors.ts';
import { compareFindings, finding, type Finding } from '../finding.ts';
import { digestToBytes, type Digest } from '../objects/digest.ts';
import { decodeKind, encodeObject, type Encoded, type Kind, type ObjectOf } from '../objects/kinds.ts';
import type { Link } from '../objects/link.ts';
import type { Answers } from './questions.ts';
import { runAs } from './run-as.ts';
import type { SandboxOptions } from './sandbox.ts';
import { selftestOf } from './selftest.ts';
import type { Selftest } from './releases.ts';
import { twoAtOnce } from '../system/two-at-once.ts';
import type { PinnedValidator } from './policy.ts';
import type { Judged } from './validator-process.ts';

export type JudgeOptions = SandboxOptions;

/** What one validator says of a rehearsal. */
export interface NamedJudgement {
  readonly link: Link;
  readonly name: string;
  readonly accepted: boolean;
  /** In order, each once; empty exactly where accepted. */
  readonly findings: readonly Finding[];
  /** What it said of each planted fault, whatever it says of the rehearsal. */
  readonly faults: ObjectOf<'verdict'>['faults'];
  /** What its selftest gives. */
  readonly selftest: Selftest;
  /** Whether its process had no network; where the system grants no namespace this is not claimed. */
  readonly networkRestricted: boolean;
  /** What its process was shut in by. */
  readonly sandbox: string;
}

/** A rehearsal to be judged, and what answers questions about it. */
interface Case {
  readonly subject: Digest;
  readonly get: Answers;
}

/**
 * Has each validator judge a rehearsal, in a process of its own, in the order that they are given. Before a validator's word
 * counts it is asked about the same evidence with each of two planted faults, and must reject both.
 * @throws CustodyError VALIDATOR_FAILED, VALIDATOR_UNCONFINED, INTERRUPTED, …; a rejection is no error.
 */
export async function judgeAll(
  pinned: readonly PinnedValidator[],
  { digest: subject }: Link,
  get: Answers,
  options: JudgeOptions = {},
): Promise<NamedJudgement[]> {
  const real = { subject, get };
  const planted = await plant(real);
  const judgements: NamedJudgement[] = [];
  for (const validator of pinned) judgements.push(await judgeOne(validator, real, planted, options));
  return judgements;
}

/** The `verdict` object of a judgement. */
export function verdictOf(
  { link, accepted, findings, faults, selftest }: NamedJudgement,
  subject: Link,
): ObjectOf<'verdict'> {
  const listed = findings.map(({ code, path, detail }) => ({ code, path, detail }));
  return { kind: 'verdict', v: 3, validator: link, subject, accepted, findings: listed, faults, selftest };
}

/** For the `run` object: what each validator's process was shut in by, and whether all of them had no network. */
export function judgesIsolation(judgements: readonly NamedJudgement[]): [string, string][] {
  const restricted = judgements.every(({ networkRestricted }) => networkRestricted);
  return [
    ['validator-network', restricted ? 'restricted' : 'not restricted'],
    ...judgements.map(({ name, sandbox }): [string, string] => [`validator-sandbox ${name}`, sandbox]),
  ];
}

interface Planted extends Case {
  readonly fault: Fault;
}

/**
 * Fabricated rehearsals: the real one, encoded anew, over the same objects. In the first nothing changed in one leg; in the
 * second one way back leads to a state whose tables are those of the changed one. Which legs, the digest decides. So they are
 * as long as the real one and ask for as much. Where one is the real one, whoever accepts that accepts anything.
 */
async function plant({ subject, get }: Case): Promise<Planted[]> {
  const read = async <K extends Kind>(kind: K, { digest }: Pick<Link, 'digest'>): Promise<ObjectOf<K>> =>
    decodeKind(kind, await get(digest), digest);
  const rehearsal = await read('rehearsal', { digest: subject });
  const { entry, legs } = rehearsal;
  const changed = legs.flatMap(({ after }, i) => (after ? [{ i, after }] : []));
  const place = (from: number): { i: number; after: Link } | undefined =>
    changed[digestToBytes(subject)[from]! % changed.length];
  const faked = (fault: Fault, i: number, state: Partial<Leg>, made: Encoded[]): Planted => {
    const others = legs.map((leg, at) => (at === i ? { ...leg, ...state } : leg));
    const all = [encodeObject({ ...rehearsal, legs: others }), ...made];
    const own = new Map(all.map(({ link, bytes }) => [link.digest, bytes]));
    return { fault, subject: all[0]!.link.digest, get: (id) => own.get(id) ?? get(id) };
  };
  const [first, second] = [place(0), place(1)];
  if (!first || !second) return FAULTS.map((fault) => ({ fault, subject, get }));
  const [before, after] = [await read('snapshot', entry), await read('snapshot', second.after)];
  const left = encodeObject({ ...before, tables: after.tables });
  return [
    faked('no-mutation', first.i, { after: entry }, []),
    faked('no-rollback', second.i, { back: left.link }, [left]),
  ];
}

type Leg = ObjectOf<'rehearsal'>['legs'][number];

/** In order, with what to say of whoever accepts one. */
const LENIENT = {
  'no-mutation': 'it accepted evidence in which nothing was changed',
  'no-rollback': 'it accepted evidence in which nothing was taken back',
} as const;
type Fault = keyof typeof LENIENT;
const FAULTS = Object.keys(LENIENT) as Fault[];

async function judgeOne(
  pinned: PinnedValidator,
  real: Case,
  planted: readonly Planted[],
  options: JudgeOptions,
): Promise<NamedJudgement> {
  const { link, validator, code } = pinned;
  const { name, runner } = validator;
  const cases = [real, ...planted.filter(({ subject }) => subject !== real.subject)];
  const answers = await twoAtOnce(
    cases,
    ({ subject, get }, _, signal) =>
      called(name, () => runAs({ code, runner }, subject, get, { ...options, signal })),
    options,
  );
  const answerTo = ({ subject }: Case): Judged => answers[cases.findIndex((one) => one.subject === subject)]!;
  const { accepted, findings, networkRestricted, sandbox } = answerTo(real);
  const faults = planted.map((one) => ({ name: one.fault, rejected: !answerTo(one).accepted }));
  const lenient = faults.find(({ rejected }) => !rejected);
  const selftest = await called(name, () => selftestOf(pinned, options));
  const said = { link, name, faults, selftest, networkRestricted, sandbox };
  if (!lenient) return { ...said, accepted, findings: inOrder(findings) };
  const found = [finding('VALIDATOR_LENIENT', `validators/${name}`, LENIENT[lenient.name])];
  return { ...said, accepted: false, findings: found };
}

/** Of several validators the error says which did not judge. */
async function called<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isCustodyError(error, 'VALIDATOR_FAILED')) throw error;
    throw new CustodyError('VALIDATOR_FAILED', `${name}: ${error.message}`, {
      cause: error,
      path: `validators/${name}`,
      hint: error.hint,
    });
  }
}

/** Sorted, each once. */
function inOrder(findings: readonly Finding[]): Finding[] {
  const sorted = [...findings].sort(compareFindings);
  return sorted.filter((found, i) => i === 0 || compareFindings(sorted[i - 1]!, found) !== 0);
}
