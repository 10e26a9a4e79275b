/**
 * Splits SQL as psql does (src/fe_utils/psqlscan.l): quotes of every sort, dollar quotes, nested comments, semicolons
 * inside parentheses (CREATE RULE) and inside BEGIN ATOMIC … END belong to their statement. Works on bytes, in any
 * pieces, so a dump of any length goes through a buffer of the longest statement.
 */
export type Piece =
  /** From its first token to its semicolon; the last one of the input may lack it (`ended` is false). */
  | { readonly type: 'statement'; readonly text: Buffer; readonly line: number; readonly ended: boolean }
  /** A psql meta-command, to the end of its line. `offset` counts from the start of the input. */
  | {
      readonly type: 'meta';
      readonly text: string;
      readonly line: number;
      readonly offset: number;
      readonly inside: boolean;
    }
  /** A line comment between statements. */
  | { readonly type: 'comment'; readonly text: string; readonly line: number };

/** What the input ended in the middle of. */
export type Unfinished = 'quoted text' | 'quoted name' | 'dollar-quoted text' | 'comment' | 'copy data';

type Mode = 'sql' | 'quote' | 'escape-quote' | 'name' | 'dollar' | 'block';

const NEWLINE = 0x0a;
const QUOTE = 0x27;
const DOUBLE = 0x22;
const DOLLAR = 0x24;
const BACKSLASH = 0x5c;
const DASH = 0x2d;
const SLASH = 0x2f;
const STAR = 0x2a;

export class SqlScanner {
  #buffer: Buffer = Buffer.alloc(0);
  #at = 0;
  #start = -1;
  #line = 1;
  #startLine = 1;
  #dropped = 0;
  #ended = false;
  #mode: Mode = 'sql';
  #tag: Buffer = Buffer.alloc(0);
  #comments = 0;
  #parens = 0;
  #words: string[] = [];
  #wordCount = 0;
  #begins = 0;
  /** Line on which an E'' ended just now, or -1: a quote on a later line goes on with it. */
  #escapeEnd = -1;

  /** Line of the next byte to be read, from 1. */
  get line(): number {
    return this.#line;
  }

  push(chunk: Buffer): void {
    const keep = this.#start >= 0 ? this.#start : this.#at;
    this.#buffer = keep === this.#buffer.length ? chunk : Buffer.concat([this.#buffer.subarray(keep), chunk]);
    this.#dropped += keep;
    this.#at -= keep;
    if (this.#start >= 0) this.#start = 0;
  }

  end(): void {
    this.#ended = true;
  }

  /** What is open although the input has ended; undefined when nothing is. */
  get unfinished(): Unfinished | undefined {
    switch (this.#mode) {
      case 'quote':
      case 'escape-quote':
        return 'quoted text';
      case 'name':
        return 'quoted name';
      case 'dollar':
        return 'dollar-quoted text';
      case 'block':
        return 'comment';
      default:
        return undefined;
    }
  }

  /** The next piece, or undefined: push more, or (after {@link end}) there is no more. */
  next(): Piece | undefined {
    const buffer = this.#buffer;
    while (this.#at < buffer.length) {
      if (this.#mode !== 'sql') {
        if (!this.#leaveMode()) return undefined;
        continue;
      }
      const byte = buffer[this.#at]!;
      const after = buffer[this.#at + 1];
      if (after === undefined && !this.#ended && (byte === DASH || byte === SLASH)) return undefined;
      if (byte === NEWLINE) this.#line++;
      if (byte <= 0x20) this.#at++;
      else if (byte === DASH && after === DASH) {
        const comment = this.#restOfLine();
        if (comment === undefined) return undefined;
        if (this.#start < 0) return { type: 'comment', text: comment.text, line: this.#line };
      } else if (byte === SLASH && after === STAR) {
        this.#mode = 'block';
        this.#escapeEnd = -1;
        this.#comments = 1;
        this.#at += 2;
      } else if (byte === BACKSLASH) {
        const meta = this.#restOfLine();
        if (meta === undefined) return undefined;
        return {
          type: 'meta',
          text: meta.text,
          line: this.#line,
          offset: this.#dropped + meta.from,
          inside: this.#start >= 0,
        };
      } else if (byte === 0x3b && this.#parens === 0 && this.#begins === 0) {
        this.#at++;
        if (this.#start >= 0) return this.#finish(true);
      } else if (!this.#token(byte)) return undefined;
    }
    if (this.#ended && this.#start >= 0) return this.#finish(false);
    return undefined;
  }

  /**
   * After `COPY … FROM stdin;`: the next bytes of its data, whole lines only, the line `\.` left out.
   * @returns undefined where more must be pushed; `done` after the line `\.`.
   */
  copyData(
    first: boolean,
  ): { readonly data: Buffer; readonly done: boolean; readonly started: boolean } | undefined {
    if (first) {
      // What follows the semicolon on its line is not data.
      const newline = this.#buffer.indexOf(NEWLINE, this.#at);
      if (newline < 0) return undefined;
      this.#at = newline + 1;
      this.#line++;
    }
    let from = this.#at;
    let lineStart = from;
    for (;;) {
      const newline = this.#buffer.indexOf(NEWLINE, lineStart);
      const lineEnd = newline >= 0 ? newline : this.#ended ? this.#buffer.length : -1;
      if (lineEnd < 0 || (newline < 0 && lineStart >= lineEnd)) break;
      const isEnd = this.#isCopyEnd(lineStart, lineEnd);
      if (isEnd || newline < 0) {
        const data = this.#buffer.subarray(from, lineStart);
        this.#at = newline >= 0 ? newline + 1 : lineEnd;
        if (newline >= 0) this.#line++;
        return isEnd ? { data, done: true, started: true } : undefined;
      }
      this.#line++;
      lineStart = newline + 1;
    }
    if (lineStart === from) return first ? { data: Buffer.alloc(0), done: false, started: true } : undefined;
    this.#at = lineStart;
    from = this.#at - (lineStart - from);
    return { data: this.#buffer.subarray(from, lineStart), done: false, started: true };
  }

  #isCopyEnd(from: number, to: number): boolean {
    const end = this.#buffer[to - 1] === 0x0d ? to - 1 : to;
    return end - from === 2 && this.#buffer[from] === BACKSLASH && this.#buffer[from + 1] === 0x2e;
  }

  /** Reads on inside quotes and comments. @returns false where the input does not suffice. */
  #leaveMode(): boolean {
    const buffer = this.#buffer;
    for (; this.#at < buffer.length; this.#at++) {
      const byte = buffer[this.#at]!;
      if (byte === NEWLINE) this.#line++;
      else if (this.#mode === 'block') {
        const pair = byte === SLASH ? STAR : byte === STAR ? SLASH : undefined;
        if (pair === undefined) continue;
        if (this.#at + 1 >= buffer.length) return false;
        if (buffer[this.#at + 1] !== pair) continue;
        this.#comments += byte === SLASH ? 1 : -1;
        this.#at++;
        if (this.#comments === 0) return this.#toSql();
      } else if (this.#mode === 'dollar') {
        if (byte !== DOLLAR) continue;
        if (this.#at + this.#tag.length > buffer.length) return false;
        if (!buffer.subarray(this.#at, this.#at + this.#tag.length).equals(this.#tag)) continue;
        this.#at += this.#tag.length - 1;
        return this.#toSql();
      } else if (this.#mode === 'escape-quote' && byte === BACKSLASH) {
        if (this.#at + 1 >= buffer.length) return false;
        if (buffer[this.#at + 1] === NEWLINE) this.#line++;
        this.#at++;
      } else if (byte === (this.#mode === 'name' ? DOUBLE : QUOTE)) {
        // A doubled quote closes and opens again, with nothing between: but E'' must stay E''.
        if (this.#mode === 'escape-quote') {
          if (this.#at + 1 >= buffer.length && !this.#ended) return false;
          if (buffer[this.#at + 1] === QUOTE) {
            this.#at++;
            continue;
          }
          this.#escapeEnd = this.#line;
        }
        return this.#toSql();
      }
    }
    return true;
  }

  #toSql(): true {
    this.#mode = 'sql';
    this.#at++;
    return true;
  }

  /** One token outside quotes. @returns false where the input does not suffice. */
  #token(byte: number): boolean {
    const buffer = this.#buffer;
    let to = this.#at + 1;
    let mode: Mode = 'sql';
    if (isNameStart(byte)) {
      while (to < buffer.length && isNamePart(buffer[to]!)) to++;
      if (to === buffer.length && !this.#ended) return false;
      if (to === this.#at + 1 && (byte | 0x20) === 0x65 && buffer[to] === QUOTE) {
        to++;
        mode = 'escape-quote';
      } else this.#word(buffer.toString('latin1', this.#at, to).toLowerCase());
    } else if (isDigit(byte)) {
      while (to < buffer.length && isDigit(buffer[to]!)) to++;
      if (to === buffer.length && !this.#ended) return false;
    } else if (byte === DOLLAR) {
      // $tag$ opens a dollar quote, $1 is a parameter.
      if (to < buffer.length && isNameStart(buffer[to]!)) {
        while (to < buffer.length && isNamePart(buffer[to]!) && buffer[to] !== DOLLAR) to++;
      }
      if (to === buffer.length && !this.#ended) return false;
      if (buffer[to] === DOLLAR) {
        to++;
        this.#tag = Buffer.from(buffer.subarray(this.#at, to));
        mode = 'dollar';
      }
    } else if (byte === QUOTE)
      mode = this.#escapeEnd >= 0 && this.#line > this.#escapeEnd ? 'escape-quote' : 'quote';
    else if (byte === DOUBLE) mode = 'name';
    else if (byte === 0x28) this.#parens++;
    else if (byte === 0x29 && this.#parens > 0) this.#parens--;
    this.#escapeEnd = -1;
    if (this.#start < 0) {
      this.#start = this.#at;
      this.#startLine = this.#line;
    }
    this.#mode = mode;
    this.#at = to;
    return true;
  }

  /** psql's way to see the body of a SQL-standard routine: CREATE [OR REPLACE] FUNCTION|PROCEDURE … BEGIN … END. */
  #word(word: string): void {
    if (this.#wordCount++ < 4) this.#words.push(word);
    const [create, second, third, fourth] = this.#words;
    const routine = second === 'or' && third === 'replace' ? fourth : second;
    if (create !== 'create' || (routine !== 'function' && routine !== 'procedure') || this.#parens > 0)
      return;
    if (word === 'begin' || (word === 'case' && this.#begins > 0)) this.#begins++;
    else if (word === 'end' && this.#begins > 0) this.#begins--;
  }

  #restOfLine(): { text: string; from: number } | undefined {
    const newline = this.#buffer.indexOf(NEWLINE, this.#at);
    if (newline < 0 && !this.#ended) return undefined;
    const from = this.#at;
    this.#at = newline < 0 ? this.#buffer.length : newline;
    return { text: this.#buffer.toString('utf8', from, this.#at).replace(/\r$/, ''), from };
  }

  #finish(ended: boolean): Piece {
    const text = Buffer.from(this.#buffer.subarray(this.#start, this.#at));
    this.#start = -1;
    this.#parens = 0;
    this.#begins = 0;
    this.#words = [];
    this.#wordCount = 0;
    return { type: 'statement', text, line: this.#startLine, ended };
  }
}

function isNameStart(byte: number): boolean {
  return (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x41 && byte <= 0x5a) || byte === 0x5f || byte >= 0x80;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function isNamePart(byte: number): boolean {
  return isNameStart(byte) || isDigit(byte) || byte === DOLLAR;
}
