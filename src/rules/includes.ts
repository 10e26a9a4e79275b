import { CustodyError } from '../errors.ts';
import { posixJoin } from './posix-path.ts';
import { blockComment, dollarQuoted, escapeQuoted, hasEscapes, quoted } from './sql-quotes.ts';

/** A script's file: its path as the plan writes it, and its text. */
export interface ScriptPart {
  readonly path: string;
  readonly text: string;
}

/** Includes within includes. */
const MAX_DEPTH = 20;
/** UTF-16 units of the whole. */
const MAX_TEXT = 64 * 1024 * 1024;

/**
 * A script with its `\i FILE` and `\ir FILE` lines replaced by those files, as psql reads them (PostgreSQL, app-psql):
 * `\i` starts from the plan's folder, `\ir` from the folder of the script that includes. Only such a line outside of
 * strings, names and comments is an include; every other backslash is left to the engine, which refuses it.
 * @param parts the script first, then every file that it includes.
 * @throws CustodyError INCLUDE_REFUSED: a file that is not among the parts, one that is never included, a circle.
 */
export function expandIncludes(parts: readonly [ScriptPart, ...ScriptPart[]]): string {
  const known = new Map(parts.map((part) => [posixJoin('', part.path), part]));
  const used = new Set<ScriptPart>([parts[0]]);
  // Each file is expanded once, however often it is included.
  const done = new Map<ScriptPart, string>();
  const expand = (part: ScriptPart, above: readonly ScriptPart[]): string => {
    const before = done.get(part);
    if (before !== undefined) return before;
    if (above.includes(part)) throw refused(part.path, 'it includes itself');
    if (above.length > MAX_DEPTH) throw refused(part.path, `includes deeper than ${MAX_DEPTH}`);
    const out: string[] = [];
    let from = 0;
    let length = part.text.length;
    for (const include of includesIn(part.text)) {
      const at = posixJoin(include.relative ? folderOf(part.path) : '', include.file);
      const found = known.get(at);
      if (!found) throw refused(include.file, 'the plan does not list and pin it under includes');
      used.add(found);
      const text = expand(found, [...above, part]);
      length += text.length;
      if (length > MAX_TEXT) throw refused(part.path, 'the script is larger than 64 MiB with its includes');
      out.push(part.text.slice(from, include.start), text, text.endsWith('\n') ? '' : '\n');
      from = include.end;
    }
    out.push(part.text.slice(from));
    const whole = out.join('');
    done.set(part, whole);
    return whole;
  };
  const text = expand(parts[0], []);
  const idle = parts.find((part) => !used.has(part));
  if (idle)
    throw refused(idle.path, 'it is listed under includes, and nothing includes it (or it is listed twice)');
  return text;
}

interface Include {
  readonly file: string;
  readonly relative: boolean;
  readonly start: number;
  readonly end: number;
}

/** A whole line. Quotes around the name as psql takes them: single, without anything to escape inside. */
const INCLUDE = /[ \t]*\\i(r?)[ \t]+(?:'([^'\n]+)'|([^\s']+))[ \t]*\r?(?:\n|$)/y;
/** Where a line ends, or something begins that can hide one. */
const MARK = /[\n'"$]|--|\/\*/g;
/** A comment to the end of its line. */
const LINE_COMMENT = /--[^\n]*/y;

function* includesIn(text: string): Generator<Include> {
  let lineStart = true;
  for (let at = 0; at < text.length;) {
    const match = lineStart ? matchAt(INCLUDE, text, at) : null;
    if (match) {
      const end = at + match[0].length;
      yield { file: match[2] ?? match[3]!, relative: match[1] === 'r', start: at, end };
      at = end;
      continue;
    }
    MARK.lastIndex = at;
    const mark = MARK.exec(text);
    if (!mark) return;
    lineStart = mark[0] === '\n';
    at = mark.index + (lineStart ? 1 : Math.max(1, hiddenAt(text, mark.index)));
  }
}

/**
 * The length of what hides at `at`; 0 where nothing does. PostgreSQL nests comments, SQLite does not: what is inside for
 * either is no include.
 */
function hiddenAt(text: string, at: number): number {
  switch (text.charAt(at)) {
    case '/':
      return blockComment(text, at, true);
    case '"':
      return quoted(text, at);
    case "'":
      return hasEscapes(text, at) ? escapeQuoted(text, at) : quoted(text, at);
    case '$':
      return dollarQuoted(text, at);
    default:
      return matchAt(LINE_COMMENT, text, at)?.[0].length ?? 0;
  }
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

function folderOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
}

function refused(path: string, why: string): CustodyError {
  return new CustodyError('INCLUDE_REFUSED', `${path} cannot be included: ${why}`, {
    path,
    hint: 'List each included file once under includes, with what sha256sum says of it.',
  });
}
