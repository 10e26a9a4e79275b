import { expect, it } from 'vitest';
import { renderDiff } from '../../src/cli/diff-text.ts';

const row = (before: string, after: string): string =>
  renderDiff({
    equal: false,
    kind: 'snapshot',
    changes: [
      {
        part: 'row',
        change: 'changed',
        table: 't',
        key: { columns: { id: { integer: '1' } } },
        before: { id: { integer: '1' }, v: before },
        after: { id: { integer: '1' }, v: after },
        columns: ['v'],
      },
    ],
  });
const json = (before: string, after: string): string =>
  renderDiff({ equal: false, kind: 'json', changes: [{ path: '/v', change: 'changed', before, after }] });

/** Both sides of the one arrow. */
function sides(text: string): [string, string] {
  const line = text.split('\n').find((one) => one.includes(' → '))!;
  const [before, after] = line.replace(/^ *v: |^~ \/v {2}/, '').split(' → ');
  return [before!, after!];
}

const long = 'x'.repeat(300);
it.each([
  ['a tab and a space', 'a\tb', 'a b'],
  ['an escape and what it is shown as', 'a\u001bb', 'a\\u{1b}b'],
  ['a backslash and what it is shown as', '\\u{1b}', '\\u{5c}u{1b}'],
  ['two signs whose first halves are equal', `${long}\u{1f600}`, `${long}\u{1f601}`],
  ['long texts that begin alike', `${long}a`, `${long}b`],
])('%s are not shown alike', (_, before, after) => {
  for (const text of [row(before, after), json(before, after)]) {
    const [was, is] = sides(text);
    expect(was, text).not.toBe(is);
    expect(text.isWellFormed()).toBe(true);
  }
});

it('lines of texts that differ in a tab or an escape are not shown alike', () => {
  const lines = ['a\tb', 'a b', 'a\u001b', 'a\\u{1b}'];
  const shown = lines.map((text) =>
    renderDiff({ equal: false, kind: 'text', changes: [{ change: 'added', line: 1, text }] }),
  );
  expect(new Set(shown).size).toBe(lines.length);
});
