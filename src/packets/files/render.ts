import { escapeControl } from '../../objects/control-characters.ts';
import type { Json } from '../../objects/json.ts';

/** How a value stands in a text of that kind, by the end of its name. */
const ESCAPES: Readonly<Record<string, (value: string) => string>> = { md: markdownText, sh: shellText };

/** A tag; one that puts in no value and is alone on its line takes the line with it. */
const TAG = /^\{\{([#?^/][^{}\n]*)\}\}\n|\{\{([^{}\n]*)\}\}/gm;

type Part = string | { readonly tag: string; readonly path: string; readonly inner: readonly Part[] };

/**
 * A template filled with data, in one pass: what was put in is never read again (spec/REHEARSAL.md, "Templates").
 * @param name of the text that is made: its end says what a value must not become.
 * @param data the documents of the packet by name.
 * @throws Error where the template is malformed: only listed ones are rendered.
 */
export function render(name: string, template: string, data: Json): string {
  const escape = ESCAPES[name.slice(name.lastIndexOf('.') + 1)];
  if (!escape) throw new Error(`no rule says how to escape values in ${name}`);
  const fill = (parts: readonly Part[], item: Json): string =>
    parts.map((part) => (typeof part === 'string' ? part : filled(part, item))).join('');
  const filled = ({ tag, path, inner }: Exclude<Part, string>, item: Json): string => {
    const [where = '', word] = path.split('=', 2);
    const value = lookUp(where, data, item);
    const holds = word === undefined ? isThere(value) : textOf(value) === word;
    switch (tag) {
      case '#':
        return Array.isArray(value) ? value.map((one) => fill(inner, one)).join('') : '';
      case '?':
        return holds ? fill(inner, item) : '';
      case '^':
        return holds ? '' : fill(inner, item);
      default:
        return escape(textOf(value));
    }
  };
  return fill(parse(template), null);
}

function parse(template: string): Part[] {
  const open: { tag: string; path: string; inner: Part[] }[] = [{ tag: '', path: '', inner: [] }];
  let at = 0;
  for (const match of template.matchAll(TAG)) {
    open.at(-1)!.inner.push(template.slice(at, match.index));
    at = match.index + match[0].length;
    const text = match[1] ?? match[2]!;
    const tag = /^[#?^/]/.exec(text)?.[0] ?? '';
    const part = { tag, path: text.slice(tag.length), inner: [] };
    if (tag !== '/') open.at(-1)!.inner.push(part);
    if (tag === '/') open.pop();
    else if (tag !== '') open.push(part);
    if (open.length === 0) break;
  }
  const [whole, ...unclosed] = open;
  if (!whole || unclosed.length > 0) throw new Error('the template opens and closes unlike parts');
  return [...whole.inner, template.slice(at)];
}

/** `a.b` in the documents, `.a.b` in the element that is being told and `.` that itself; null where there is nothing. */
function lookUp(path: string, data: Json, item: Json): Json {
  const names = path.split('.').filter((name) => name !== '');
  return names.reduce<Json>(
    (value, name) =>
      typeof value === 'object' && value !== null && !Array.isArray(value) && Object.hasOwn(value, name)
        ? value[name]!
        : null,
    path.startsWith('.') ? item : data,
  );
}

function isThere(value: Json): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== null && value !== false;
}

/** Lists and objects are no text. */
function textOf(value: Json): string {
  return value === null || typeof value === 'object' ? '' : String(value);
}

/**
 * Text that Markdown shows as it is, on one line (CommonMark 0.31, section 2.4: backslash escapes); also where it stands
 * first in a block, and where GitHub would make a link of it (GFM 0.29, section 6.9).
 */
function markdownText(value: string): string {
  return escapeControl(value)
    .replace(/[\\`*_[\]<>|~#&!@$]|:(?=\/)|(?<=www)\./gi, '\\$&')
    .replace(/^( *[0-9]*)([-+.)])/, '$1\\$2');
}

/** One word for a POSIX shell. */
function shellText(value: string): string {
  return `'${escapeControl(value).replaceAll("'", "'\\''")}'`;
}
