import type { RehearseResult } from '../workflows/rehearse.ts';
import { CONTROL_CLASS, escapeControl } from '../objects/control-characters.ts';
import { causesFirst, type Finding } from '../finding.ts';

/** Lines of findings; --json lists all. */
const LIMIT = 200;

/** Findings for people, one a line, longest lists cut short. */
export function findingLines(findings: readonly Finding[]): string[] {
  const width = Math.max(0, ...findings.map(({ code }) => code.length));
  const lines = causesFirst(findings)
    .slice(0, LIMIT)
    .map(({ code, path, detail }) => `  ${code.padEnd(width)}  ${printable(path)}  ${printable(detail)}`);
  if (findings.length > LIMIT) lines.push(`  … and ${findings.length - LIMIT} more; --json lists all`);
  return lines;
}

/** What is said beside a result and is no fault. */
export function noteLines(notes: readonly Finding[]): string[] {
  return findingLines(notes).map((line) => `  note:${line.slice(1)}`);
}

/** Where several validators judged, each finding says whose it is. */
export function findingsBy(
  judges: readonly { readonly name: string; readonly findings: readonly Finding[] }[],
): Finding[] {
  return judges.flatMap(({ name, findings }) =>
    judges.length === 1 ? findings : findings.map((one) => ({ ...one, detail: `${one.detail} (${name})` })),
  );
}

/** One line: control characters never reach the terminal. */
export function printable(text: string): string {
  return escapeControl(text.replaceAll('\t', ' '));
}

/** {@link printable} for text of several lines. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}

/** A document of `--json`: what JSON itself would not escape (DEL, C1, bidirectional controls) is escaped all the same. */
export function jsonText(document: unknown): string {
  const escape = (line: string): string =>
    line.replace(CONTROL, (c) => `\\u${c.codePointAt(0)!.toString(16).padStart(4, '0')}`);
  return `${JSON.stringify(document, null, 2).split('\n').map(escape).join('\n')}\n`;
}
const CONTROL = new RegExp(`[${CONTROL_CLASS}]`, 'gu');

/** The first digits of an id, enough to name it. */
export function short(id: string): string {
  return id.slice(0, 12);
}

export function plural(n: number, one: string): string {
  return `${n.toLocaleString('en-US')} ${n === 1 ? one : `${one}s`}`;
}

/** Columns padded to their widest cell. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length)));
  return rows.map((row) =>
    row
      .map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd(),
  );
}

/** Milliseconds since 1970 as RFC 3339, UTC. */
export function time(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? `${ms} ms` : date.toISOString();
}

/** Bytes in JSON: as text where they are UTF-8, else as base64; nothing is lost. */
export function textOrBase64(bytes: Uint8Array): { text: string } | { base64: string } {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const text = buffer.toString('utf8');
  return Buffer.from(text).equals(buffer) ? { text } : { base64: buffer.toString('base64') };
}

/** Isolation that could not be shown, each with its reason. */
export function notShownLines({ notShown }: Pick<RehearseResult, 'notShown'>): string[] {
  return notShown.map(({ assertion, why }) => `  not shown  ${assertion}: ${printable(why)}`);
}
