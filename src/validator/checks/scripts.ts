import { CustodyError } from '../../errors.ts';
import { finding, type Finding } from '../../finding.ts';
import { digestFromBytes, digestOf } from '../../objects/digest.ts';
import { readWhole } from '../../objects/file.ts';
import { expandIncludes, type ScriptPart } from '../../rules/includes.ts';
import type { Link } from '../../objects/link.ts';
import { driveSync } from '../../objects/walk.ts';
import type { Evidence } from '../evidence.ts';

const SCRIPTS = ['executor', 'rollback'] as const;
type Script = Evidence['rehearsal']['executor'];

/** Bytes of one file of a script. */
export const MAX_PART = 64 * 1024 * 1024;

/** The files of each script are those that the plan's file names, in its order, with the digests that it pins. */
export function scriptsAsPinned({ rehearsal, document, digest }: Evidence): Finding[] {
  return SCRIPTS.flatMap((which) => {
    const named = document[which];
    const script = rehearsal[which];
    if (!named || !script)
      return !named && !script
        ? []
        : [finding('PLAN_MISMATCH', which, 'the plan names one, or has none, not so here')];
    const wanted = [{ file: named.file, sha256: named.sha256 }, ...(named.includes ?? [])];
    if (wanted.length !== script.parts.length)
      return [
        finding('PLAN_MISMATCH', `${which}/parts`, `${script.parts.length} files, not ${wanted.length}`),
      ];
    return wanted.flatMap(({ file, sha256 }, i) => {
      const part = script.parts[i]!;
      const path = `${which}/parts/${i}`;
      const claimed = digestFromBytes(part.sha256);
      const changed = (what: string): Finding => finding('EXECUTOR_CHANGED', path, what);
      return [
        ...(part.path === file ? [] : [finding('PLAN_MISMATCH', path, `${part.path} instead of ${file}`)]),
        ...(digest(part.file) === claimed ? [] : [changed('the stored file has another digest')]),
        ...(sha256 === undefined || sha256 === claimed
          ? []
          : [changed(`${claimed}, but pinned is ${sha256}`)]),
      ];
    });
  });
}

/** What ran is what its files expand to. */
export function scriptsExpanded(evidence: Evidence): Finding[] {
  return SCRIPTS.flatMap((which) => {
    const script = evidence.rehearsal[which];
    if (!script) return [];
    const [first, ...more] = script.parts.map((part) => partOf(part, evidence));
    const path = `${which}/file`;
    if (!first) return [finding('EXECUTOR_CHANGED', path, 'a script without a file')];
    const made = digestOf(new Uint8Array(Buffer.from(expandIncludes([first, ...more]))));
    return evidence.digest(script.file) === made
      ? []
      : [finding('EXECUTOR_CHANGED', path, `its files give ${made}`)];
  });
}

function partOf({ path, file }: { path: string; file: Link }, { objects }: Evidence): ScriptPart {
  const [bytes] = driveSync(readWhole(file, MAX_PART), objects.get);
  try {
    return { path, text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch (cause) {
    throw new CustodyError('SQL_SYNTAX', `the script ${path} is not UTF-8`, { cause, path });
  }
}

/** Each script has one digest: in the plan, before, after, and in the stored file. */
export function scriptsUnchanged(evidence: Evidence): Finding[] {
  const { rehearsal, plan } = evidence;
  return SCRIPTS.flatMap((which) => {
    const planned = plan[which];
    const wanted = planned === null ? undefined : digestFromBytes(planned);
    const script = rehearsal[which];
    if (!script)
      return wanted === undefined
        ? []
        : [finding('EXECUTOR_CHANGED', which, 'the plan has its digest, nothing else')];
    return Object.entries(digestsOf(script, evidence))
      .filter(([, digest]) => digest !== wanted)
      .map(([what, digest]) =>
        finding('EXECUTOR_CHANGED', `${which}/${what}`, `${digest} instead of ${wanted ?? 'none'}`),
      );
  });
}

function digestsOf({ file, before, after }: Script, { digest }: Evidence): Record<string, string> {
  return { file: digest(file), before: digestFromBytes(before), after: digestFromBytes(after) };
}
