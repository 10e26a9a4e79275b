import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { isCustodyError, type ErrorCode } from '../../src/errors.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import { sha256Hex } from '../../src/objects/sha256.ts';
import { fsckLedger } from '../../src/workflows/fsck.ts';
import { firstPolicy } from '../../src/judging/policy.ts';
import { rehearsePlan, type RehearseResult } from '../../src/workflows/rehearse.ts';
import { verifyRevision } from '../../src/workflows/verify.ts';
import { data } from '../support/lacking.ts';
import { makeTestFolder } from '../support/folder.ts';

/** A ledger of the test file's own with the built-in validator pinned, in a folder that is gone afterwards. */
export function useLedger(): {
  ledger: Ledger;
  /** Writes the files of a plan into a folder of its own. @returns the plan's path. */
  plan: (name: string, files: Readonly<Record<string, string | Uint8Array>>) => string;
} {
  const root = makeTestFolder('real');
  const was = process.env['CUSTODY_CONFIG_DIR'];
  const use = {
    ledger: undefined as unknown as Ledger,
    plan: (name: string, files: Readonly<Record<string, string | Uint8Array>>): string => {
      for (const [file, content] of Object.entries(files)) {
        const path = join(root, name, file);
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, content);
      }
      return join(root, name, 'plan.yaml');
    },
  };
  beforeAll(async () => {
    process.env['CUSTODY_CONFIG_DIR'] = join(root, 'config');
    const options = { origin: 'real.example/log', author: 'tester', fill: firstPolicy };
    use.ledger = (await Ledger.init(join(root, 'ledger'), options)).ledger;
  });
  afterAll(async () => {
    await use.ledger[Symbol.asyncDispose]();
    if (was === undefined) delete process.env['CUSTODY_CONFIG_DIR'];
    else process.env['CUSTODY_CONFIG_DIR'] = was;
    rmSync(root, { recursive: true, force: true });
  });
  return use;
}

export function rehearseReal(ledger: Ledger, plan: string): Promise<RehearseResult> {
  return rehearsePlan(ledger, plan, { author: 'tester', lane: 'real' });
}

/** Accepted, both ways back exact, recorded; its packet verifies up to the verdict, and the ledger is sound. */
export async function expectProven(ledger: Ledger, result: RehearseResult): Promise<void> {
  expect(result.findings).toEqual([]);
  expect(result.accepted).toBe(true);
  expect(result.legs.map(({ leg, ended, exact }) => ({ leg, ended, exact }))).toEqual([
    { leg: 'T', ended: 'rolled-back', exact: true },
    { leg: 'R', ended: 'committed', exact: true },
  ]);
  expect(new Set(result.legs.map(({ after }) => after)).size).toBe(1);
  expect(result.after).not.toBe(result.before);
  const { ok, findings, levels } = await verifyRevision(ledger, `@${result.record}`, {
    require: ['semantics'],
  });
  expect({ ok, findings }).toEqual({ ok: true, findings: [] });
  expect(levels).toMatchObject({ seal: 'done', objects: 'done', chain: 'done', semantics: 'done' });
  expect((await fsckLedger(ledger)).findings).toEqual([]);
}

/** Asserts the code, and that the log did not grow. @returns the error's text, for what it must name. */
export async function expectRefused(ledger: Ledger, plan: string, code: ErrorCode): Promise<string> {
  const { size, root } = await ledger.head();
  const error: unknown = await rehearseReal(ledger, plan).then(
    () => new Error('nothing was refused'),
    (reason: unknown) => reason,
  );
  if (!isCustodyError(error)) throw error;
  expect(error.code).toBe(code);
  expect(await ledger.head()).toMatchObject({ size, root });
  return `${error.path ?? ''}: ${error.message} ${error.hint}`;
}

export function digestOfData(name: string): string {
  return sha256Hex(readFileSync(data(name)));
}

/** The rows of each table as the maker of the data counted them. */
export function counted(section: 'PostgreSQL' | 'SQLite'): Record<string, number> {
  const text = readFileSync(data('agencyos-counts.txt'), 'utf8');
  const part = text.split(/^# /m).find((lines) => lines.startsWith(section));
  const lines = (part ?? '').split('\n').slice(1);
  return Object.fromEntries(
    lines.filter((line) => line !== '').map((line) => [line.split(' ')[0]!, Number(line.split(' ')[1])]),
  );
}
