import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { CustodyError, fromSystemError } from '../errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { readWhole, storeContent } from '../objects/file.ts';
import { decodeKind, type ObjectOf } from '../objects/kinds.ts';
import { nodeLink, type Link } from '../objects/link.ts';
import { putObject, type ObjectSink } from '../objects/sink.ts';
import { driveAsync } from '../objects/walk.ts';
import { hasInterpreterLine } from './interpreter-line.ts';
import { isThere } from '../system/is-there.ts';
import { PROTOCOL } from '../validator/protocol.ts';
import { PolicyChain, type ChainedPolicy } from '../verify/policy-chain.ts';

export const BUILT_IN_VALIDATOR = 'validator.mjs';
export const BUILT_IN_NAME = 'custody';

/** How a validator is run (spec/REHEARSAL.md, "The validator"): ours, by node with its permission model; or by its `#!` line. */
export type Runner = ObjectOf<'validator'>['runner'];

/** The bytes of the validator that this version of custody was built with. @throws VALIDATOR_NOT_BUILT */
export async function builtInValidator(): Promise<Uint8Array> {
  const path = builtInFile(BUILT_IN_VALIDATOR);
  try {
    return new Uint8Array(await readFile(path));
  } catch (error) {
    throw fromSystemError(error, path);
  }
}

/**
 * Path of a file that `npm run build` makes: beside the published command, or in dist/ where this runs from source.
 * @throws CustodyError VALIDATOR_NOT_BUILT
 */
function builtInFile(name: string): string {
  for (const place of [`./${name}`, `../${name}`, `../../dist/${name}`]) {
    const path = fileURLToPath(new URL(place, import.meta.url));
    if (isThere(path)) return path;
  }
  throw new CustodyError('VALIDATOR_NOT_BUILT', `dist/${name} is not there`, {
    hint: 'Run npm run build, then try again.',
  });
}

/** Whether these are the bytes of the validator that this version brings. @throws VALIDATOR_NOT_BUILT */
export async function isBuiltIn(code: Uint8Array): Promise<boolean> {
  return Buffer.compare(code, await builtInValidator()) === 0;
}

/** Stores a validator's file and the object that names it. */
export function storeValidator(
  sink: ObjectSink,
  { name, code, runner }: { name: string; code: Uint8Array; runner: Runner },
): Link {
  const file = storeContent(sink, code);
  return putObject(sink, { kind: 'validator', v: 2, name, file, runner, protocol: PROTOCOL });
}

/** Stores the built-in validator. @throws VALIDATOR_NOT_BUILT */
export async function putBuiltInValidator(sink: ObjectSink): Promise<Link> {
  const code = await builtInValidator();
  return storeValidator(sink, { name: BUILT_IN_NAME, code, runner: 'node-permission' });
}

export interface CurrentPolicy extends ChainedPolicy {
  /** Records that the log had: what was appended since may have changed it. */
  readonly size: number;
}

/**
 * The policy that is in force at record `at`, by default the newest: the last of the chain that starts with the first
 * policy. Policy entries that do not name the one before them change nothing.
 * @param options.since what was in force before: only what was appended since is read.
 * @throws CustodyError LOG_CORRUPT when there is none.
 */
export async function currentPolicy(
  ledger: Ledger,
  { at, since }: { readonly at?: number | undefined; readonly since?: CurrentPolicy } = {},
): Promise<CurrentPolicy> {
  const head = await ledger.head();
  const newest = at ?? head.size - 1;
  const entries: ObjectOf<'entry'>[] = [];
  for await (const { record } of ledger.records(head, newest, since?.size ?? 0)) {
    const entry = decodeKind('entry', await ledger.get(record.entry.digest), record.entry.digest);
    if (entry.type === 'policy') entries.push(entry);
  }
  const chain = new PolicyChain(ledger.get, since);
  for (const entry of entries.reverse()) await chain.add(entry);
  const last = chain.policies.at(-1);
  if (!last) throw new CustodyError('LOG_CORRUPT', 'the log holds no policy', { hint: 'Run custody fsck.' });
  return { ...last, size: newest + 1 };
}

export interface PinnedValidator {
  readonly link: Link;
  readonly validator: ObjectOf<'validator'>;
  /** The file's bytes, hashed as its link says: that digest is its identity. */
  readonly code: Uint8Array;
}

/** Takes a validator out of the ledger. @throws CustodyError OBJECT_CORRUPT unless its file has its digest. */
export async function loadValidator(ledger: Ledger, link: Link): Promise<PinnedValidator> {
  const { get } = ledger;
  const validator = decodeKind('validator', await get(link.digest), link.digest);
  const pieces: Uint8Array[] = [];
  for await (const bytes of driveAsync(readWhole(validator.file), get)) pieces.push(bytes);
  const code = new Uint8Array(Buffer.concat(pieces));
  const runner: Runner = hasInterpreterLine(code) ? 'interpreter' : 'node-permission';
  if (runner !== validator.runner) {
    throw new CustodyError('OBJECT_CORRUPT', 'the validator is not the file that its object describes', {
      path: link.digest,
      hint: 'Run custody fsck.',
    });
  }
  return { link, validator, code };
}

/**
 * The validators that judge new rehearsals: all that the current policy pins, in its order.
 * @throws CustodyError VALIDATOR_NOT_PINNED where it pins none.
 */
export async function pinnedValidators(
  ledger: Ledger,
  { policy }: Pick<CurrentPolicy, 'policy'>,
): Promise<PinnedValidator[]> {
  if (policy.validators.length === 0)
    throw new CustodyError('VALIDATOR_NOT_PINNED', 'the policy pins no validator', {
      hint: 'Run custody validator pin.',
    });
  const pinned: PinnedValidator[] = [];
  for (const link of policy.validators) pinned.push(await loadValidator(ledger, link));
  return pinned;
}

/**
 * For `check` of an append, under its lock: a record counts under the policy that is in force at its place, and a policy that
 * does not name that one changes nothing. @throws CustodyError HEAD_MOVED where another policy is in force by now.
 */
export async function requirePolicy(ledger: Ledger, since: CurrentPolicy): Promise<void> {
  if ((await currentPolicy(ledger, { since })).id === since.id) return;
  throw new CustodyError('HEAD_MOVED', 'the policy changed meanwhile; nothing was recorded', {
    hint: 'Run the command again: it then works with the new policy.',
  });
}

/** A first policy that pins the built-in validator. @param isolation assertions that every rehearsal must prove. */
export async function firstPolicy(
  sink: ObjectSink,
  isolation: readonly string[] = [],
): Promise<ObjectOf<'policy'>> {
  return {
    kind: 'policy',
    v: 2,
    previous: null,
    validators: [await putBuiltInValidator(sink)],
    expected: [],
    isolation: [...new Set(isolation)].sort(),
    roles: [],
    required: [],
  };
}

/** The policy that follows. */
export function policyAfter(
  current: Pick<CurrentPolicy, 'id' | 'policy'>,
  changes: Partial<Pick<ObjectOf<'policy'>, 'validators' | 'expected'>>,
): ObjectOf<'policy'> {
  return { ...current.policy, ...changes, v: 2, previous: nodeLink(current.id) };
}
