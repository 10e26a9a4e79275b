import { dirname, resolve } from 'node:path';
import { readRegular } from '../../system/regular-file.ts';
import { CustodyError } from '../../errors.ts';
import { findClaims } from '../../rules/claims.ts';
import { digestOf, type Digest } from '../../objects/digest.ts';
import { lineAt } from '../../rules/phrase.ts';
import { PROFILE_SCHEMA, type ProfileDocument } from '../../rules/profile-schema.ts';
import { textsIn } from '../../rules/texts.ts';
import { parseDocument } from './yaml-document.ts';

/** A team's rules, read and checked. The engine knows no team: all that differs between them is in here. */
export interface Profile extends ProfileDocument {
  /** The bytes of the file. */
  readonly bytes: Uint8Array;
  /** What it says, as the one document that is judged. */
  readonly json: Uint8Array;
  readonly digest: Digest;
  /** Where it lies; relative paths in it start from its folder. */
  readonly path: string;
  /** The line of a JSON pointer into the file, from 1. */
  lineOf(pointer: string): number;
}

/** Bytes of a profile. */
const MAX_PROFILE = 1024 * 1024;
/** Bytes of a file that a profile names. */
const MAX_FILE = 64 * 1024 * 1024;

/**
 * Reads a profile.
 * @param pinned the digest that a plan pins.
 * @throws CustodyError PROFILE_INVALID (`path` is `FILE:LINE` where a line is to blame), PATH_NOT_FOUND,
 *   PATH_NOT_A_FILE, PERMISSION_DENIED.
 */
export async function readProfile(file: string, pinned?: Digest): Promise<Profile> {
  const path = resolve(file);
  const bytes = await readRegular(path, MAX_PROFILE);
  if (bytes === undefined) throw invalid(path, 'the profile is larger than 1 MiB', 'Give a profile.');
  const digest = digestOf(bytes);
  if (pinned !== undefined && pinned !== digest) {
    throw invalid(
      path,
      `the profile has digest ${digest}, the plan pins ${pinned}`,
      'Review the profile; pin its digest in the plan only when it is the one that was agreed on.',
    );
  }
  return parseProfile(bytes, path);
}

/**
 * A file that the profile pins.
 * @throws CustodyError PROFILE_INVALID where it is another one; PATH_NOT_FOUND, PATH_NOT_A_FILE, …
 */
export async function readPinned(
  profile: Profile,
  pointer: string,
  { file, sha256 }: { file: string; sha256: string },
): Promise<Uint8Array> {
  const path = resolve(dirname(profile.path), file);
  const bytes = await readRegular(path, MAX_FILE);
  const digest = bytes && digestOf(bytes);
  if (bytes && digest === sha256) return bytes;
  throw new CustodyError(
    'PROFILE_INVALID',
    digest ? `${file} has digest ${digest}, the profile pins ${sha256}` : `${file} is larger than 64 MiB`,
    {
      path: `${profile.path}:${profile.lineOf(pointer)}`,
      hint: 'Review the file; pin its digest only when it is the one that was agreed on.',
    },
  );
}

/** @param path where the profile lies. @throws CustodyError PROFILE_INVALID, with `path` = `FILE:LINE`. */
export async function parseProfile(bytes: Uint8Array, path: string): Promise<Profile> {
  const {
    value: document,
    json,
    lineOf,
  } = await parseDocument(bytes, path, {
    noun: 'profile',
    schema: PROFILE_SCHEMA,
    codes: { syntax: 'PROFILE_INVALID', unknownKey: 'PROFILE_INVALID', invalid: 'PROFILE_INVALID' },
    reference: 'spec/REHEARSAL.md, "Profiles"',
  });
  checkNamedOnce(document, path, lineOf);
  checkProbes(document, path, lineOf);
  checkOwnClaims(document, Buffer.from(bytes).toString('utf8'), path, lineOf);
  return { ...document, bytes, json, digest: digestOf(bytes), path, lineOf };
}

/** What is found by its id exists once. */
function checkNamedOnce(document: ProfileDocument, path: string, lineOf: (pointer: string) => number): void {
  const { surfaces, preflight, probes, blockers } = document;
  const once = (pointer: string, ids: readonly string[]): void => {
    const twice = ids.findIndex((id, i) => ids.indexOf(id) < i);
    if (twice >= 0)
      throw invalid(
        `${path}:${lineOf(`${pointer}/${twice}`)}`,
        `the id ${ids[twice]!} is there twice`,
        'Give each an id of its own.',
      );
  };
  const ids = (items: readonly { id: string }[] = []): string[] => items.map(({ id }) => id);
  once('/surfaces', ids(surfaces));
  once('/preflight', preflight?.map(({ name }) => name) ?? []);
  once('/blockers', ids(blockers));
  once('/probes/cases', ids(probes?.cases));
  if (probes && ids(probes.cases).includes(probes.control.id))
    throw invalid(
      `${path}:${lineOf('/probes/control')}`,
      `the id ${probes.control.id} is also a probe's`,
      'Give the control an id of its own.',
    );
}

/** A probe changes something, and what is fabricated is put before `verify`, what is planned before `rehearse`. */
function checkProbes({ probes }: ProfileDocument, path: string, lineOf: (pointer: string) => number): void {
  probes?.cases.forEach(({ command, plan, executor, evidence }, i) => {
    const fits =
      command === 'verify'
        ? evidence !== undefined && plan === undefined && executor === undefined
        : evidence === undefined && (plan !== undefined || executor !== undefined);
    if (!fits || (evidence?.edit === 'drop-leg') !== (evidence?.leg !== undefined))
      throw invalid(
        `${path}:${lineOf(`/probes/cases/${i}`)}`,
        'a probe of rehearse changes plan or executor; one of verify has evidence, and drop-leg names its leg',
        'Correct the probe.',
      );
  });
}

/** A profile travels in packets: it must not be what it forbids, neither as it is written nor as it is read. */
function checkOwnClaims(
  document: ProfileDocument,
  text: string,
  path: string,
  lineOf: (pointer: string) => number,
): void {
  const refuse = (line: number, phrase: string): CustodyError =>
    invalid(
      `${path}:${line}`,
      `the profile itself holds the forbidden claim ${phrase}`,
      'Write subject and verdict apart; in a probe, ${SUBJECT+VERDICT} stands for the token.',
    );
  const [written] = findClaims(text, document.claims);
  if (written) throw refuse(lineAt(text, written.at), written.phrase);
  for (const { pointer, text: read } of textsIn(document)) {
    const [found] = findClaims(read, document.claims);
    if (found) throw refuse(lineOf(pointer), found.phrase);
  }
}

function invalid(path: string, message: string, hint: string): CustodyError {
  return new CustodyError('PROFILE_INVALID', message, { path, hint });
}
