import { CustodyError, isCustodyError } from '../../errors.ts';
import { readRegular } from '../../system/regular-file.ts';
import { digestOf, type Digest } from '../../objects/digest.ts';
import { expandIncludes, type ScriptPart } from '../../rules/includes.ts';
import { thrown, type PlanFile, type PlanScript, type Report } from './plan.ts';

/** Bytes of one file of a script. */
const MAX_SCRIPT = 64 * 1024 * 1024;

/** A script as it was read: the text that runs, with includes expanded, and the files that it was made of. */
export interface ScriptText {
  readonly bytes: Uint8Array;
  /** Of `bytes`. */
  readonly digest: Digest;
  readonly parts: readonly { readonly path: string; readonly digest: Digest; readonly bytes: Uint8Array }[];
}

/**
 * The script's bytes as they are now, every `\i` expanded. A script without includes is its one file, byte for byte.
 * @param report is given every file that is not the pinned one, or cannot be read; by default the first is thrown.
 * @throws CustodyError EXECUTOR_CHANGED where a file is not the pinned one, INCLUDE_REFUSED, PATH_NOT_FOUND,
 *   PATH_NOT_A_FILE (also for more than 64 MiB), SQL_SYNTAX where it is not UTF-8.
 */
export async function readScript(script: PlanScript, report: Report = thrown): Promise<ScriptText> {
  const parts: ScriptText['parts'][number][] = [];
  const unread: unknown[] = [];
  for (const file of [script, ...script.includes]) {
    try {
      parts.push(await readPart(file, report));
    } catch (error) {
      unread.push(error);
      if (isCustodyError(error)) report(error);
    }
  }
  if (unread.length > 0) throw unread[0];
  const texts = parts.map(({ path, bytes }): ScriptPart => ({ path, text: textOf(path, bytes) }));
  const expanded = expandIncludes(texts as [ScriptPart, ...ScriptPart[]]);
  const bytes = expanded === texts[0]!.text ? parts[0]!.bytes : new Uint8Array(Buffer.from(expanded));
  return { bytes, digest: digestOf(bytes), parts };
}

async function readPart(
  { file, path, sha256 }: PlanFile,
  report: Report,
): Promise<ScriptText['parts'][number]> {
  const bytes = await readRegular(file, MAX_SCRIPT);
  if (bytes === undefined) {
    throw new CustodyError('PATH_NOT_A_FILE', `the script ${file} is larger than 64 MiB`, {
      path: file,
      hint: 'Give a script of SQL; split a larger change into several plans.',
    });
  }
  const digest = digestOf(bytes);
  if (sha256 !== undefined && digest !== sha256) {
    report(
      new CustodyError('EXECUTOR_CHANGED', `the script has digest ${digest}, the plan pins ${sha256}`, {
        path: file,
        hint: 'Review the script; pin its digest in the plan only when it is the one that was approved.',
      }),
    );
  }
  return { path, digest, bytes };
}

function textOf(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new CustodyError('SQL_SYNTAX', `the script ${path} is not UTF-8`, {
      cause,
      path,
      hint: 'Save the script as UTF-8.',
    });
  }
}
