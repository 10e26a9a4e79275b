import { finding, type Finding } from '../../finding.ts';
import { digestFromBytes } from '../../objects/digest.ts';
import { decodeKind } from '../../objects/kinds.ts';
import type { Evidence } from '../evidence.ts';

/** A source's own file, and what SQLite leaves beside it. */
const FILES = {
  sqlite: ['source', 'source-journal', 'source-wal'],
  postgres: ['source'],
} as const;

/**
 * The source is stored, so that somebody else can rehearse it again: a folder of one list with `source`, of the digest
 * that the rehearsal claims, and nothing that an engine does not read.
 */
export function sourceStored({ rehearsal, objects, digest }: Evidence): Finding[] {
  const { sha256, files } = rehearsal.source;
  const { level, entries } = decodeKind('tree', objects.get(files.digest));
  const malformed = (where: string, what: string): Finding =>
    finding('EVIDENCE_MALFORMED', `source/files${where}`, what);
  if (level !== 0) return [malformed('', 'a folder of so few files is one list')];
  const known: readonly string[] = FILES[rehearsal.engine];
  const findings: Finding[] = [];
  let previous = '';
  let source: string | undefined;
  for (const entry of entries) {
    if (!('mode' in entry) || entry.mode === 'dir') return [malformed('', 'something that is no file')];
    const { name, mode } = entry;
    if (mode !== 'file' || !known.includes(name) || name <= previous)
      findings.push(malformed(`/${name}`, 'a file that is no part of a source, or not in its place'));
    previous = name;
    const stored = digest(entry.link);
    if (name === 'source') source = stored;
  }
  if (source !== digestFromBytes(sha256))
    findings.push(finding('SOURCE_CHANGED', 'source/sha256', `${source ?? 'nothing'} is stored`));
  return findings;
}

export function sourcePinned({ rehearsal, plan }: Evidence): Finding[] {
  const pinned = plan.source.sha256;
  if (pinned === null || digestFromBytes(pinned) === digestFromBytes(rehearsal.source.sha256)) return [];
  return [finding('SOURCE_CHANGED', 'source', 'the source is not the one that the plan pins')];
}

/** The restore image is stored under its own digest. PostgreSQL's is the dump, and so the source itself. */
export function imageStored({ rehearsal, digest }: Evidence): Finding[] {
  const { image, source, engine } = rehearsal;
  const claimed = digestFromBytes(image.sha256);
  const unverified = (path: string, what: string): Finding => finding('IMAGE_UNVERIFIED', path, what);
  return [
    ...(digest(image.file) === claimed
      ? []
      : [unverified('image/file', 'another digest than the image claims')]),
    ...(engine === 'sqlite' || claimed === digestFromBytes(source.sha256)
      ? []
      : [unverified('image/sha256', 'the image of a dump is the dump')]),
  ];
}

/** The image was verified before anything was restored from it: a clone of it was the before-state. */
export function imageVerified({ rehearsal }: Evidence): Finding[] {
  const { image, legs, entry } = rehearsal;
  if (image.restored === null)
    return legs.length === 0
      ? []
      : [finding('IMAGE_UNVERIFIED', 'image/restored', 'legs ran from an image that nobody verified')];
  return image.restored.equals(entry)
    ? []
    : [finding('IMAGE_UNVERIFIED', 'image/restored', 'what was restored is not the before-state')];
}

/** Each leg began in the before-state. */
export function startsAsBefore({ rehearsal }: Evidence): Finding[] {
  return rehearsal.legs
    .filter(({ start }) => !start.equals(rehearsal.entry))
    .map(({ leg }) => finding('BEFORE_DIVERGED', `legs/${leg}/start`, 'the leg began in another state'));
}

/** Looking at the before-state did not change it, and somebody looked whether it did. */
export function entryEqualsExit({ rehearsal: { entry, exit } }: Evidence): Finding[] {
  if (exit === null) return [finding('ENTRY_EXIT_SKIPPED', 'exit', 'nobody looked again')];
  return entry.equals(exit)
    ? []
    : [finding('ENTRY_EXIT_DIFFERS', 'exit', 'reading the before-state changed it')];
}
