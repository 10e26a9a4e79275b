import { FINDING_CODES, finding, type Finding } from '../finding.ts';
import type { Digest } from '../objects/digest.ts';
import { failed } from './judge-process.ts';
import { parseStrictJson } from './strict-json.ts';

/** A verdict must stay an object of at most 1 MiB. UTF-16 units of text in all, and findings. */
const MAX_TEXT = 256 * 1024;
const MAX_FINDINGS = 1_000;

/**
 * Reads what a foreign validator answered (SPEC.md, "Foreign validators"): one JSON document, nothing in it that is not
 * asked for. A code that we do not know is kept in the detail of a `VALIDATOR_REJECTED`.
 * @throws CustodyError VALIDATOR_FAILED for anything else.
 */
export function parseForeignAnswer(
  output: string,
  subject: Digest,
): { accepted: boolean; findings: Finding[] } {
  if (output.length > MAX_TEXT) throw failed('it answered too much');
  const answer = fields(parse(output), 'its answer', ['accepted'], ['subject', 'findings']);
  if ('subject' in answer && answer['subject'] !== subject) throw failed('it judged something else');
  const { accepted, findings = [] } = answer;
  if (typeof accepted !== 'boolean') throw failed('accepted is neither true nor false');
  if (!Array.isArray(findings) || findings.length > MAX_FINDINGS)
    throw failed(`findings is no list of at most ${MAX_FINDINGS}`);
  const read = findings.map(readFinding);
  if (accepted && read.length > 0) throw failed('it accepts and gives findings');
  if (!accepted && read.length === 0)
    read.push(finding('VALIDATOR_REJECTED', 'rehearsal', 'it rejects and gives no reason'));
  return { accepted, findings: read };
}

function parse(output: string): unknown {
  try {
    return parseStrictJson(output);
  } catch (cause) {
    throw failed('its output is not one JSON document without repeated keys', cause);
  }
}

function readFinding(item: unknown): Finding {
  const found = fields(item, 'a finding', ['code', 'path', 'detail'], []);
  const [code, path, detail] = [text(found['code']), text(found['path']), text(found['detail'])];
  const known = FINDING_CODES.find((name) => name === code);
  return known ? finding(known, path, detail) : finding('VALIDATOR_REJECTED', path, `${code}: ${detail}`);
}

function text(value: unknown): string {
  if (typeof value !== 'string' || !value.isWellFormed())
    throw failed('code, path and detail of a finding are text');
  return value;
}

function fields(
  value: unknown,
  what: string,
  needed: readonly string[],
  allowed: readonly string[],
): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw failed(`${what} is no object`);
  const names = Object.keys(value);
  const lacking = needed.find((name) => !names.includes(name));
  if (lacking !== undefined) throw failed(`${what} has no ${lacking}`);
  if (names.some((name) => !needed.includes(name) && !allowed.includes(name)))
    throw failed(`${what} has a field that is not asked for`);
  return value as Record<string, unknown>;
}
