import { FINDING_CODES, finding, type Finding } from '../finding.ts';
import type { Digest } from '../objects/digest.ts';
import { noJudgement } from './questions.ts';

/** What an answer may look like. */
export interface AnswerForm {
  /** Fields that must be there; the others may be. */
  readonly needed: readonly ('subject' | 'accepted' | 'findings')[];
  /** A finding whose code we do not have; kept, it becomes the detail of a `VALIDATOR_REJECTED`. */
  readonly unknownCode: 'refuse' | 'keep';
  /** UTF-16 units in all: a verdict must stay an object of at most 1 MiB. */
  readonly maxText: number;
}

/** Our validator's (spec/REHEARSAL.md, "The protocol of validators"): in full, and room for all that it may say (validator/bounded.ts). */
export const OWN_ANSWER: AnswerForm = {
  needed: ['subject', 'accepted', 'findings'],
  unknownCode: 'refuse',
  maxText: 2 * 2 ** 20,
};
/** spec/REHEARSAL.md, "Foreign validators". */
export const FOREIGN_ANSWER: AnswerForm = {
  needed: ['accepted'],
  unknownCode: 'keep',
  maxText: 256 * 1024,
};

const FIELDS = ['subject', 'accepted', 'findings'];
const MAX_FINDINGS = 1_000;

/**
 * Reads a validator's answer: one JSON document, no key twice, nothing in it that is not asked for.
 * @throws CustodyError VALIDATOR_FAILED for anything else.
 */
export function parseAnswer(
  output: string,
  subject: Digest,
  { needed, unknownCode, maxText }: AnswerForm,
): { accepted: boolean; findings: Finding[] } {
  if (output.length > maxText) throw noJudgement('it answered too much');
  const answer = fields(parseDocument(output), 'its answer', needed, FIELDS);
  if ('subject' in answer && answer['subject'] !== subject) throw noJudgement('it judged something else');
  const { accepted, findings = [] } = answer;
  if (typeof accepted !== 'boolean') throw noJudgement('accepted is neither true nor false');
  if (!Array.isArray(findings) || findings.length > MAX_FINDINGS)
    throw noJudgement(`findings is no list of at most ${MAX_FINDINGS}`);
  const read = findings.map((item) => readFinding(item, unknownCode));
  if (accepted && read.length > 0) throw noJudgement('it accepts and gives findings');
  if (!accepted && read.length === 0) {
    if (needed.includes('findings')) throw noJudgement('it rejects and gives no reason');
    read.push(finding('VALIDATOR_REJECTED', 'rehearsal', 'it rejects and gives no reason'));
  }
  return { accepted, findings: read };
}

function parseDocument(output: string): unknown {
  try {
    return parseStrictJson(output);
  } catch (cause) {
    throw noJudgement('its output is not one JSON document without repeated keys', cause);
  }
}

function readFinding(item: unknown, unknownCode: AnswerForm['unknownCode']): Finding {
  const names = ['code', 'path', 'detail'];
  const found = fields(item, 'a finding', names, names);
  const [code, path, detail] = [text(found['code']), text(found['path']), text(found['detail'])];
  const known = FINDING_CODES.find((name) => name === code);
  if (known) return finding(known, path, detail);
  if (unknownCode === 'refuse') throw noJudgement('it gave a finding that nobody knows');
  return finding('VALIDATOR_REJECTED', path, `${code}: ${detail}`);
}

function text(value: unknown): string {
  if (typeof value !== 'string' || !value.isWellFormed()) throw noJudgement('what must be text is none');
  return value;
}

function fields(
  value: unknown,
  what: string,
  needed: readonly string[],
  allowed: readonly string[],
): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw noJudgement(`${what} is no object`);
  const names = Object.keys(value);
  const lacking = needed.find((name) => !names.includes(name));
  if (lacking !== undefined) throw noJudgement(`${what} has no ${lacking}`);
  if (names.some((name) => !allowed.includes(name)))
    throw noJudgement(`${what} has a field that is not asked for`);
  return value as Record<string, unknown>;
}

/** JSON that means the same to every reader: no key twice in one object (RFC 8259, section 4). @throws SyntaxError */
export function parseStrictJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  // The text is JSON, so its strings can be told from its structure by this alone.
  const open: (Set<string> | null)[] = [];
  for (const [token, colon] of tokens(text)) {
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(null);
    else if (token === '}' || token === ']') open.pop();
    else if (colon) {
      const key = JSON.parse(token) as string;
      const keys = open.at(-1);
      if (keys?.has(key)) throw new SyntaxError(`the key ${token.slice(0, 80)} is there twice`);
      keys?.add(key);
    }
  }
  return value;
}

/** Brackets and strings, and whether a string is a key. */
function* tokens(text: string): Generator<[token: string, colon: boolean]> {
  const TOKEN = /[{}[\]]|"(?:[^"\\]|\\.)*"(?:[ \t\r\n]*(:))?/gs;
  for (const [found, colon] of text.matchAll(TOKEN)) {
    const end = colon === undefined ? found.length : found.lastIndexOf('"') + 1;
    yield [found.slice(0, end), colon !== undefined];
  }
}
