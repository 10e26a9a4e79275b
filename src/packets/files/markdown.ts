import { escapeControl } from '../../objects/control-characters.ts';

/** A list under a sentence; nothing where the list is empty. */
export function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [title, '', ...lines.map((line) => `- ${line}`), ''];
}

/** Nothing where there are no rows. */
export function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return [];
  return [
    `| ${head.join(' | ')} |`,
    `|${'---|'.repeat(head.length)}`,
    ...rows.map((row) => `| ${row.map(markdownText).join(' | ')} |`),
    '',
  ];
}

/** Text that Markdown shows as it is, on one line (CommonMark 0.31, section 2.4: backslash escapes). */
export function markdownText(value: string): string {
  return escapeControl(value).replace(/[\\`*_[\]<>|~#&!]/g, (c) => `\\${c}`);
}
