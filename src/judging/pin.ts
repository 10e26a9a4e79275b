import { CustodyError } from '../errors.ts';
import type { AppendOptions, Ledger, LedgerSession } from '../ledger/ledger.ts';
import { digestOf, type Digest } from '../objects/digest.ts';
import type { ObjectOf } from '../objects/kinds.ts';
import { putObject } from '../objects/sink.ts';
import { checkValidatorName, readCandidate, requireJudging, type Candidate } from './candidate.ts';
import { matchesIdentity, parseIdentity, showIdentity } from '../rules/abbreviated-digest.ts';
import type { JudgeOptions } from './judge.ts';
import { alreadyPinned, pinnedOf, refuseTwice, withValidator } from './pins.ts';
import {
  BUILT_IN_NAME,
  builtInValidator,
  currentPolicy,
  isBuiltIn,
  policyAfter,
  storeValidator,
  requirePolicy,
  type CurrentPolicy,
} from './policy.ts';

export interface PinOptions extends AppendOptions, JudgeOptions {
  readonly author: string;
  readonly lane: string;
  readonly name?: string;
  /** An identity, abbreviated or whole, that the file must have. */
  readonly expect?: string;
}

export interface Pinned {
  readonly validator: Digest;
  readonly name: string;
  readonly sha256: Digest;
  /** The identity that was expected and is fulfilled by this file. */
  readonly promoted: string | null;
  readonly policy: Digest;
  /** Null where it was pinned already. */
  readonly record: number | null;
}

/**
 * Pins a validator: the file, or the one that this version brings. Another one of the same name gives way to it; records
 * up to here are judged by the policy of their time.
 * @throws CustodyError VALIDATOR_MISMATCH, VALIDATOR_REFUSED, VALIDATOR_FAILED, VALIDATOR_UNCONFINED, USAGE, LOCK_TIMEOUT, …
 */
export async function pinValidator(
  ledger: Ledger,
  path: string | undefined,
  options: PinOptions,
): Promise<Pinned> {
  const candidate = path === undefined ? await builtIn() : await readCandidate(path);
  const shown = path ?? 'the built-in validator';
  if (options.expect !== undefined) requireMatch(shown, candidate.sha256, options.expect);
  const before = await currentPolicy(ledger);
  const name = await nameOf(candidate, options.name, before.policy);
  refuseTwice(await pinnedOf(ledger, before.policy), candidate.sha256, name);
  if (path !== undefined) await requireJudging(path, candidate, options);
  const current = await currentPolicy(ledger, { since: before });
  const pinned = await pinnedOf(ledger, current.policy);
  refuseTwice(pinned, candidate.sha256, name);
  await using session = await ledger.session();
  const expected = current.policy.expected.find((one) => one.name === name);
  if (expected) requireMatch(shown, candidate.sha256, showIdentity(expected));
  const validator = storeValidator(session.writer, { ...candidate, name });
  const result = { validator: validator.digest, name, sha256: candidate.sha256 };
  if (!expected && current.policy.validators.some((link) => link.equals(validator)))
    return { ...result, promoted: null, policy: current.id, record: null };
  const changed = policyAfter(current, {
    validators: withValidator(pinned, name, validator),
    // Nobody else can meet an expectation that these bytes meet: they are pinned under one name.
    expected: current.policy.expected.filter(
      (one) => one !== expected && !matchesIdentity(candidate.sha256, one),
    ),
  });
  const appended = await append(ledger, session, current, changed, options, `pin validator ${name}`);
  return { ...result, promoted: expected ? showIdentity(expected) : null, ...appended };
}

/**
 * Writes down which file a validator of this name will have to be, by what is known of its SHA-256. That is shown and never
 * counted: nobody judges until bytes that match are pinned. Nothing is written where they are pinned under this name already.
 * @throws CustodyError USAGE; VALIDATOR_REFUSED where they are pinned under another name; VALIDATOR_MISMATCH where other
 *   bytes are pinned under this one; LOCK_TIMEOUT, …
 */
export async function expectValidator(
  ledger: Ledger,
  identity: string,
  options: PinOptions & { name: string },
): Promise<{ name: string; identity: string; policy: Digest; record: number | null }> {
  const wanted = parseIdentity(identity);
  const name = checkValidatorName(options.name);
  const current = await currentPolicy(ledger);
  await using session = await ledger.session();
  const shown = { name, identity: showIdentity(wanted) };
  const same = (one: { name: string }): boolean => one.name === name;
  const known = current.policy.expected.find(same);
  const met = await alreadyPinned(ledger, current.policy, name, wanted);
  if (met || (known && showIdentity(known) === shown.identity))
    return { ...shown, policy: current.id, record: null };
  const expected = [...current.policy.expected.filter((one) => !same(one)), { name, ...wanted }];
  const changed = policyAfter(current, { expected });
  const message = `expect validator ${name} ${shown.identity}`;
  return { ...shown, ...(await append(ledger, session, current, changed, options, message)) };
}

async function builtIn(): Promise<Candidate> {
  const code = await builtInValidator();
  return { code, sha256: digestOf(code), runner: 'node-permission', name: BUILT_IN_NAME };
}

/**
 * The name that was given; else the one under which this very file is expected; else its own. Ours is for the file that
 * this version brings: a policy in which `custody` is something else reads as if we judged.
 */
async function nameOf(
  { name: own, sha256, code }: Candidate,
  given: string | undefined,
  { expected }: ObjectOf<'policy'>,
): Promise<string> {
  const waiting = expected.find((one) => matchesIdentity(sha256, one))?.name;
  const name = checkValidatorName(given ?? waiting ?? own ?? '');
  if (name !== BUILT_IN_NAME || (await isBuiltIn(code))) return name;
  throw new CustodyError('VALIDATOR_REFUSED', `only the validator of this version can be named ${name}`, {
    hint: 'Give it another --name; custody validator pin without a file pins the one of this version.',
  });
}

function requireMatch(shown: string, sha256: Digest, identity: string): void {
  if (matchesIdentity(sha256, parseIdentity(identity))) return;
  throw new CustodyError('VALIDATOR_MISMATCH', `${shown} has SHA-256 ${sha256}, not ${identity}`, {
    hint: 'Ask for the right file; or pin this one under another name, without --expect.',
  });
}

async function append(
  ledger: Ledger,
  session: LedgerSession,
  current: CurrentPolicy,
  changed: ObjectOf<'policy'>,
  options: PinOptions,
  message: string,
): Promise<{ policy: Digest; record: number }> {
  const policy = putObject(session.writer, changed);
  const { author, lane } = options;
  const draft = { type: 'policy', policy, author, lane, message } as const;
  // Of two that name the same policy before them, one would not count.
  const check = (): Promise<void> => requirePolicy(ledger, current);
  const { index } = await session.append(draft, { ...options, check });
  return { policy: policy.digest, record: index };
}
