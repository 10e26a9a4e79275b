import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromSystemError } from '../errors.ts';
import { FINDING_CODES, type Finding } from '../finding.ts';
import type { Digest } from '../objects/digest.ts';
import type { Link } from '../objects/link.ts';
import { frameHeader, frameSubject } from '../validator/frames.ts';
import { confine } from './confinement.ts';
import { failed, runToEnd, type Ended, type Input, type ProcessOptions } from './judge-process.ts';

export interface Judged {
  readonly accepted: boolean;
  readonly findings: readonly Finding[];
  /** Whether the process had no network, socket files or sight of other processes: where the system grants that. */
  readonly networkRestricted: boolean;
  /** What the process was shut in by. */
  readonly sandbox: string;
}

/**
 * Runs a validator's bytes in a process of its own, shut in as far as the system grants (confinement.ts); evidence goes
 * in as frames.
 * Whatever it answers but a well-formed judgement of this subject is a failure, never a yes.
 * @param code the validator's file, as the ledger holds it, re-hashed.
 * @throws CustodyError VALIDATOR_FAILED, INTERRUPTED, DISK_FULL, …
 */
export async function runValidator(
  code: Uint8Array,
  subject: Digest,
  evidence: AsyncIterable<{ link: Link; bytes: Uint8Array }> | Iterable<{ link: Link; bytes: Uint8Array }>,
  options: ProcessOptions = {},
): Promise<Judged> {
  return inFolder(code, async (file) => {
    const input = framed(subject, evidence);
    const { code: exit, output, errors, taken, networkRestricted } = await run(file, [], input, options);
    if (exit !== 0) throw failed(`it exited with ${exit}: ${errors}`);
    // What did not take all of the evidence judged something else.
    if (!taken) throw failed('it did not read all of the evidence');
    const sandbox = networkRestricted ? 'unshare' : 'node --permission only';
    return { ...parseJudgement(output, subject), networkRestricted, sandbox };
  });
}

/** Runs the validator's own self-test: every check against evidence in which only its fault is present. */
export async function runSelftest(
  code: Uint8Array,
  options: ProcessOptions = {},
): Promise<{ ok: boolean; vectors: number; failed: string[] }> {
  return inFolder(code, async (file) => {
    const { output, errors, code: exit } = await run(file, ['--selftest'], [], options);
    const value = parseJson(output);
    if (
      !isRecord(value) ||
      typeof value['ok'] !== 'boolean' ||
      typeof value['vectors'] !== 'number' ||
      !Array.isArray(value['failed'])
    ) {
      throw failed(`its self-test gave no result: ${errors}`);
    }
    const { vectors, failed: names } = value;
    const ok = exit === 0 && vectors > 0 && names.length === 0;
    if (value['ok'] !== ok) throw failed('its self-test contradicts itself');
    return { ok, vectors, failed: names.map(String) };
  });
}

/** Puts the validator's bytes into a file of its own in a folder of its own, for as long as `work` runs. */
async function inFolder<T>(code: Uint8Array, work: (file: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'custody-validator-')).catch((error: unknown) => {
    throw fromSystemError(error, tmpdir());
  });
  try {
    const file = join(folder, 'validator.mjs');
    await writeFile(file, code, { mode: 0o444 }).catch((error: unknown) => {
      throw fromSystemError(error, file);
    });
    return await work(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function* framed(
  subject: Digest,
  evidence: AsyncIterable<{ link: Link; bytes: Uint8Array }> | Iterable<{ link: Link; bytes: Uint8Array }>,
): AsyncGenerator<Uint8Array> {
  yield frameSubject(subject);
  for await (const { link, bytes } of evidence) {
    yield frameHeader(link.codec, bytes.length);
    yield bytes;
  }
}

function run(
  file: string,
  args: string[],
  input: Input,
  options: ProcessOptions,
): Promise<Ended & { networkRestricted: boolean }> {
  const { command, args: all, restricted } = confine(file, args);
  const confined = { command, args: all, cwd: join(file, '..'), env: {} };
  return runToEnd(confined, input, options).then((ended) => ({ ...ended, networkRestricted: restricted }));
}

function parseJudgement(output: string, subject: Digest): { accepted: boolean; findings: Finding[] } {
  const value = parseJson(output);
  if (!isRecord(value) || typeof value['accepted'] !== 'boolean' || !Array.isArray(value['findings']))
    throw failed('it gave no judgement');
  if (value['subject'] !== subject) throw failed('it judged something else');
  const findings = value['findings'].map((item: unknown): Finding => {
    const code = isRecord(item) ? FINDING_CODES.find((name) => name === item['code']) : undefined;
    if (
      !isRecord(item) ||
      code === undefined ||
      typeof item['path'] !== 'string' ||
      typeof item['detail'] !== 'string'
    )
      throw failed('it gave a finding that nobody knows');
    return { code, path: item['path'], detail: item['detail'] };
  });
  // Accepted with findings, or rejected without a reason, is no judgement.
  if (value['accepted'] !== (findings.length === 0)) throw failed('its answer contradicts its findings');
  return { accepted: value['accepted'], findings };
}

function parseJson(output: string): unknown {
  try {
    return JSON.parse(output);
  } catch (cause) {
    throw failed('its output is not JSON', cause);
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
