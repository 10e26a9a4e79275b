import { isCustodyError } from '../../errors.ts';
import { digestFromBytes, digestOf, digestToBytes, type Digest } from '../../objects/digest.ts';
import { storeContent } from '../../objects/file.ts';
import type { ObjectOf } from '../../objects/kinds.ts';
import type { ObjectSpool } from '../../objects/sink.ts';
import type { Plan, PlanScript, Report } from './plan.ts';
import { readScript, type ScriptText } from './read-script.ts';
import { Fired } from '../triggers.ts';

/** The scripts of a plan as they were read at its start: what runs, whatever lies on disk later. */
export interface Scripts {
  readonly executor: ScriptText;
  readonly rollback: ScriptText | undefined;
}

/** @throws CustodyError as {@link readScript}, after both were looked at. */
export async function readScripts({ executor, rollback }: Plan, report?: Report): Promise<Scripts> {
  const read = await Promise.allSettled([
    readScript(executor, report),
    rollback && readScript(rollback, report),
  ]);
  for (const result of read) if (result.status === 'rejected') throw result.reason;
  const [one, two] = read as [
    PromiseFulfilledResult<ScriptText>,
    PromiseFulfilledResult<ScriptText | undefined>,
  ];
  return { executor: one.value, rollback: two.value };
}

/** The approval is for these bytes, or nothing runs. */
export function approvalFault(
  { form: { approval } }: Plan,
  { executor, rollback }: Scripts,
): Fired | undefined {
  if (approval === null) return undefined;
  const approved = digestFromBytes(approval.executor);
  if (approved !== executor.digest)
    return new Fired(
      'executor-changed',
      'approval/executor',
      `approved is ${approved}, not ${executor.digest}`,
    );
  const back = approval.rollback === null ? undefined : digestFromBytes(approval.rollback);
  if (back !== rollback?.digest)
    return new Fired('executor-changed', 'approval/rollback', `approved is ${back}, not ${rollback?.digest}`);
  return undefined;
}

/** What is wrong with a script that was read before: somebody may have swapped it since. */
export async function scriptFault(
  plan: Plan,
  scripts: Scripts,
  which: 'executor' | 'rollback',
): Promise<string | undefined> {
  const [script, read] = [plan[which], scripts[which]];
  if (script === undefined || read === undefined) return undefined;
  const now = await digestNow(script);
  return now === read.digest ? undefined : `it was ${read.digest} and is ${now ?? 'not readable'} now`;
}

async function digestNow(script: PlanScript): Promise<Digest | undefined> {
  try {
    return (await readScript(script)).digest;
  } catch (error) {
    if (!isCustodyError(error)) throw error;
    return undefined;
  }
}

export async function scriptObject(
  script: PlanScript,
  { bytes, digest, parts }: ScriptText,
  objects: ObjectSpool,
): Promise<ObjectOf<'rehearsal'>['executor']> {
  // A script that is gone, or not the pinned one any more, has no digest: that of nothing is never the one before.
  const after = (await digestNow(script)) ?? digestOf(new Uint8Array());
  return {
    file: storeContent(objects, bytes),
    before: digestToBytes(digest),
    after: digestToBytes(after),
    parts: parts.map((part) => ({
      path: part.path,
      sha256: digestToBytes(part.digest),
      file: storeContent(objects, part.bytes),
    })),
  };
}
