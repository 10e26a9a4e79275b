import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fromSystemError } from '../errors.ts';
import { jsonFile } from '../objects/json.ts';
import { decodeKind, type ObjectOf } from '../objects/kinds.ts';
import type { Link } from '../objects/link.ts';
import type { MemoryObjects } from '../objects/memory-objects.ts';
import { readWhole } from '../objects/file.ts';
import { diffSnapshots } from '../objects/snapshot-diff.ts';
import { driveSync, resultOf } from '../objects/walk.ts';
import { deltaOf } from '../objects/delta.ts';
import { packetReadme } from './packet-readme.ts';
import { showChange } from './row-changes.ts';

/**
 * The files of a rehearsal's packet, made from its objects alone: no clock, no lane, no path of this machine, so two
 * rehearsals of one plan give the same bytes.
 */
export function packetFiles(
  rehearsal: Link,
  verdict: Link,
  code: Uint8Array,
  objects: MemoryObjects,
): Map<string, string | Uint8Array> {
  const evidence = decodeKind('rehearsal', objects.get(rehearsal.digest));
  const judgement = decodeKind('verdict', objects.get(verdict.digest));
  const plan = decodeKind('plan', objects.get(evidence.plan.digest));
  const content = (link: Link): Uint8Array => [...driveSync(readWhole(link), objects.get)][0]!;
  return new Map<string, string | Uint8Array>([
    [
      'README.md',
      packetReadme({
        rehearsal,
        evidence,
        plan,
        verdict: judgement,
        back: (link) => describeBack(evidence.entry, link, judgement, objects),
      }),
    ],
    ['plan.yaml', content(plan.document)],
    ['executor.sql', content(evidence.executor.file)],
    ['validator.mjs', code],
    ['rehearsal.json', jsonFile({ id: rehearsal, ...evidence })],
    ['rehearsal-execution-evidence.json', jsonFile(executionEvidence(rehearsal, evidence))],
    ['row-changes.json', jsonFile(rowChanges(evidence, objects))],
    ['verdict.json', jsonFile({ id: verdict, ...judgement })],
  ]);
}

/** The field names that the seeds' validator reads, one entry a way back. */
function executionEvidence(rehearsal: Link, evidence: ObjectOf<'rehearsal'>): unknown {
  return {
    rehearsal,
    entries: evidence.legs.map(({ leg, after, back }) => ({
      leg,
      before_hash: evidence.entry,
      after_apply_hash: after,
      after_rollback_hash: back,
      restored_match: back?.equals(evidence.entry) ?? false,
    })),
  };
}

function rowChanges(evidence: ObjectOf<'rehearsal'>, objects: MemoryObjects): unknown {
  const after = evidence.legs.find((leg) => leg.after !== null)?.after;
  if (!after) return { before: evidence.entry, after: null, changes: [] };
  const changes = [...driveSync(diffSnapshots(evidence.entry, after), objects.get)].map(showChange);
  return { before: evidence.entry, after, changes };
}

function describeBack(
  entry: Link,
  back: Link | null,
  verdict: ObjectOf<'verdict'>,
  objects: MemoryObjects,
): string {
  if (!back) return 'not captured';
  if (back.equals(entry)) return 'exact';
  const moved = verdict.accepted ? movedSequences(entry, back, objects) : [];
  return moved.length > 0
    ? `exact but for what the plan declares: sequence ${moved.join(', ')}`
    : 'not exact';
}

/** Sequences that stand elsewhere than before: what a plan may declare bounded in leg T. */
export function movedSequences(entry: Link, back: Link, objects: MemoryObjects): string[] {
  if (back.equals(entry)) return [];
  const { others } = resultOf(deltaOf(entry, back), objects.get);
  return others.filter(({ part }) => part === 'sequence').map(({ name }) => name);
}

/** Writes the files into an existing, empty folder. @throws DISK_FULL, READ_ONLY, PERMISSION_DENIED, IO_FAILED. */
export async function writeFiles(
  dir: string,
  files: ReadonlyMap<string, string | Uint8Array>,
): Promise<void> {
  for (const [name, content] of files) {
    const path = join(dir, name);
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, content, { flag: 'wx', mode: 0o600 });
    } catch (error) {
      throw fromSystemError(error, path);
    }
  }
}
