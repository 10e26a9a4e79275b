import { readFile } from 'node:fs/promises';
import { CustodyError, fromSystemError } from '../errors.ts';
import type { AppendOptions, Ledger } from '../ledger/ledger.ts';
import { digestFromBytes, digestToBytes, type Digest } from '../objects/digest.ts';
import { readWhole, storeContent } from '../objects/file.ts';
import { decodeKind, type ObjectOf } from '../objects/kinds.ts';
import { nodeLink, type Link } from '../objects/link.ts';
import { putObject, type ObjectSink } from '../objects/sink.ts';
import { sha256Hasher } from '../objects/sha256.ts';
import { driveAsync } from '../objects/walk.ts';
import { PolicyChain } from '../verify/policy-chain.ts';
import { builtInFile } from './built-in.ts';

export const BUILT_IN_VALIDATOR = 'validator.mjs';

/** Stores the validator that this version of custody was built with. @throws VALIDATOR_NOT_BUILT */
export async function putBuiltInValidator(sink: ObjectSink): Promise<Link> {
  const path = builtInFile(BUILT_IN_VALIDATOR);
  let code: Uint8Array;
  try {
    code = new Uint8Array(await readFile(path));
  } catch (error) {
    throw fromSystemError(error, path);
  }
  const hasher = sha256Hasher();
  hasher.update(code);
  return putObject(sink, {
    kind: 'validator',
    v: 1,
    name: 'custody',
    file: storeContent(sink, code),
    sha256: digestToBytes(hasher.hex() as Digest),
    runner: 'node-permission',
  });
}

export interface CurrentPolicy {
  readonly id: Digest;
  readonly policy: ObjectOf<'policy'>;
  /** Every policy up to the first, newest first. */
  readonly history: readonly Digest[];
}

/**
 * The policy that is in force at record `at`: the last of the chain that starts with the first policy. Policy entries that
 * do not name the one before them change nothing. @throws CustodyError LOG_CORRUPT when there is none.
 */
export async function currentPolicy(ledger: Ledger, at?: number): Promise<CurrentPolicy> {
  const head = await ledger.head();
  const entries: ObjectOf<'entry'>[] = [];
  for await (const { record } of ledger.records(head, at ?? head.size - 1)) {
    const entry = decodeKind('entry', await ledger.store.get(record.entry.digest), record.entry.digest);
    if (entry.type === 'policy') entries.push(entry);
  }
  const chain = new PolicyChain((id) => ledger.store.get(id));
  for (const entry of entries.reverse()) await chain.add(entry);
  const newest = chain.policies.at(-1);
  if (!newest)
    throw new CustodyError('LOG_CORRUPT', 'the log holds no policy', { hint: 'Run custody fsck.' });
  return { ...newest, history: chain.policies.map(({ id }) => id).reverse() };
}

export interface PinnedValidator {
  readonly link: Link;
  readonly validator: ObjectOf<'validator'>;
  /** The file's bytes, checked against the digest that is its identity. */
  readonly code: Uint8Array;
}

/** Takes a validator out of the ledger. @throws CustodyError OBJECT_CORRUPT unless its file has its digest. */
export async function loadValidator(ledger: Ledger, link: Link): Promise<PinnedValidator> {
  const get = (id: Digest): Promise<Uint8Array> => ledger.store.get(id);
  const validator = decodeKind('validator', await get(link.digest), link.digest);
  const pieces: Uint8Array[] = [];
  for await (const bytes of driveAsync(readWhole(validator.file), get)) pieces.push(bytes);
  const code = new Uint8Array(Buffer.concat(pieces));
  const hasher = sha256Hasher();
  hasher.update(code);
  if (hasher.hex() !== digestFromBytes(validator.sha256)) {
    throw new CustodyError('OBJECT_CORRUPT', 'the validator is not the file that it is named after', {
      path: link.digest,
      hint: 'Run custody fsck.',
    });
  }
  return { link, validator, code };
}

/** The validator that judges new rehearsals: the last one that the current policy pins. @throws VALIDATOR_NOT_PINNED */
export async function pinnedValidator(ledger: Ledger): Promise<PinnedValidator> {
  const { policy } = await currentPolicy(ledger);
  const link = policy.validators.at(-1);
  if (!link)
    throw new CustodyError('VALIDATOR_NOT_PINNED', 'the policy pins no validator', {
      hint: 'Run custody validator pin.',
    });
  return loadValidator(ledger, link);
}

/** A first policy that pins the built-in validator and requires nothing else. */
export async function firstPolicy(sink: ObjectSink): Promise<ObjectOf<'policy'>> {
  return {
    kind: 'policy',
    v: 1,
    previous: null,
    validators: [await putBuiltInValidator(sink)],
    roles: [],
    required: [],
  };
}

/** The policy that follows: one more validator pinned. */
export function policyWith(current: CurrentPolicy, validator: Link): ObjectOf<'policy'> {
  return {
    ...current.policy,
    previous: nodeLink(current.id),
    validators: [...current.policy.validators, validator],
  };
}

/** Pins the validator that this version brings, unless the policy pins it already. `record` is null then. */
export async function pinBuiltIn(
  ledger: Ledger,
  options: AppendOptions & { author: string; lane: string },
): Promise<{ validator: Digest; policy: Digest; record: number | null }> {
  await using session = await ledger.writer();
  // Read under the lock: of two that name the same policy before them, one would not count.
  const current = await currentPolicy(ledger);
  const validator = await putBuiltInValidator(session.writer);
  if (current.policy.validators.some((link) => link.equals(validator))) {
    return { validator: validator.digest, policy: current.id, record: null };
  }
  const policy = putObject(session.writer, policyWith(current, validator));
  const { author, lane } = options;
  const draft = {
    type: 'policy',
    links: [['policy', policy]],
    author,
    lane,
    message: `pin validator ${validator.digest.slice(0, 12)}`,
  } as const;
  const { index } = await ledger.append(session.writer, draft, options);
  return { validator: validator.digest, policy: policy.digest, record: index };
}
