import type { Engine } from '../../engines/engine.ts';
import type { Digest } from '../../objects/digest.ts';

export interface Described {
  readonly before: Digest;
  readonly after: Digest;
  readonly engine: Engine['name'];
  /** Of the engine's values. */
  readonly note: string | undefined;
  /** How the engine defers constraints. */
  readonly deferral: string;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  readonly sequences: number;
  readonly detours: readonly string[];
  readonly circles: readonly string[];
  readonly fires: readonly string[];
}

/** What whoever opens the file must know: comment lines, nothing in them from a clock or a version. */
export function header(d: Described): string[] {
  const lines = [
    'Restore script, written by custody from the row diff of two snapshots.',
    'To write it proves nothing: rehearse it as leg S (rollback: { file: … } in a plan) before it is used.',
    `engine  ${d.engine}`,
    `from    ${d.after}  (B, what the change left)`,
    `to      ${d.before}  (A, the state to get back)`,
    `does    ${d.deleted} deleted, ${d.updated} updated, ${d.inserted} inserted, ${d.sequences} ${d.sequences === 1 ? 'counter' : 'counters'} set`,
  ];
  if (d.fires.length > 0)
    lines.push(`Triggers and rules of these tables run as usual and may write more: ${d.fires.join(', ')}`);
  if (d.detours.length > 0)
    lines.push(
      `Rows of these tables swap unique values: one of them holds a temporary value until another has taken its own: ${d.detours.join(', ')}`,
    );
  if (d.circles.length > 0)
    lines.push(
      `Rows of these tables need one another in a circle, so no order suits constraints that are checked at once: ${d.circles.join(', ')}`,
      `They must be deferred while this runs: ${d.deferral}.`,
    );
  if (d.note !== undefined) lines.push(d.note);
  return lines.map((line) => `-- ${oneLine(line)}`);
}

/** A name with a line break must not end the comment. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (c) => `\\u{${c.codePointAt(0)!.toString(16)}}`);
}
