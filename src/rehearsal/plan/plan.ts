import { dirname, resolve } from 'node:path';
import { CustodyError, isCustodyError, isOfInput } from '../../errors.ts';
import { readRegular } from '../../system/regular-file.ts';
import { parseDigest, type Digest } from '../../objects/digest.ts';
import { planForm, type PlanForm } from '../../rules/plan-form.ts';
import { PLAN_SCHEMA, type ScriptDocument } from '../../rules/plan-schema.ts';
import { checkPlan } from './plan-check.ts';
import { parseDocument } from './yaml-document.ts';

export interface PlanFile {
  /** Absolute. */
  readonly file: string;
  /** As the plan writes it. */
  readonly path: string;
  readonly sha256: Digest | undefined;
}

export interface PlanScript extends PlanFile {
  readonly includes: readonly (PlanFile & { readonly sha256: Digest })[];
}

/** A plan file, read and checked. */
export interface Plan {
  /** The bytes of the file as it stands. */
  readonly written: Uint8Array;
  /** What it says, as the one document that is judged. */
  readonly json: Uint8Array;
  /** Where it lies; relative paths in it start from its folder. */
  readonly path: string;
  /** What it says, in one form. */
  readonly form: PlanForm;
  readonly profile: (PlanFile & { readonly sha256: Digest }) | undefined;
  readonly source: PlanFile;
  readonly executor: PlanScript;
  readonly rollback: PlanScript | undefined;
  /** The line of a JSON pointer into the file, from 1. */
  lineOf(pointer: string): number;
  /** The JSON pointer of a declared column. */
  clockAt(table: string, column: string): string;
}

/** Where faults go: by default the first one is thrown; `rehearse --check` collects them. */
export type Report = (error: CustodyError) => void;

export function thrown(error: CustodyError): never {
  throw error;
}

/** Bytes of a plan file. */
const MAX_PLAN = 1024 * 1024;

/**
 * Reads a plan file.
 * @throws CustodyError PLAN_UNREADABLE (with the cause), PLAN_SYNTAX, PLAN_KEY_UNKNOWN, PLAN_INVALID, IO_FAILED; `path` is
 *   `FILE:LINE` where a line is to blame.
 */
export async function readPlan(file: string, report: Report = thrown): Promise<Plan> {
  const path = resolve(file);
  let document: Uint8Array | undefined;
  try {
    document = await readRegular(path, MAX_PLAN);
  } catch (cause) {
    // A right that is missing is a matter of the path that was given; a disk that fails is not.
    if (!isOfInput(cause) && !isCustodyError(cause, 'PERMISSION_DENIED')) throw cause;
    throw new CustodyError('PLAN_UNREADABLE', `cannot read the plan ${file}: ${cause.message}`, {
      cause,
      path: file,
      hint: 'Give the path of a plan file; `custody demo` leaves one to copy from.',
    });
  }
  if (document === undefined) {
    throw new CustodyError('PLAN_UNREADABLE', `the plan ${file} is larger than 1 MiB`, {
      path: file,
      hint: 'Give the path of a plan; data belongs into the source or the executor.',
    });
  }
  return parsePlan(document, path, report);
}

/**
 * @param path where the plan lies: relative paths in it start from its folder.
 * @param report is given each fault of what the plan says. Where the text itself is none of a plan, it throws after that.
 * @throws CustodyError PLAN_SYNTAX, PLAN_KEY_UNKNOWN, PLAN_INVALID, each with `path` = `FILE:LINE`.
 */
export async function parsePlan(written: Uint8Array, path: string, report: Report = thrown): Promise<Plan> {
  const { value: raw, json, lineOf } = await parseDocument(written, path, PLAN, report);
  const form = planForm(raw);
  checkPlan(raw, form, (pointer, message) =>
    report(
      new CustodyError('PLAN_INVALID', message, {
        path: `${path}:${lineOf(pointer)}`,
        hint: 'Correct this line of the plan.',
      }),
    ),
  );
  const folder = dirname(path);
  const fileOf = <D extends Digest | undefined>(name: string, sha256: D): PlanFile & { sha256: D } => ({
    file: resolve(folder, name),
    path: name,
    sha256,
  });
  const scriptOf = ({ file, sha256, includes }: ScriptDocument): PlanScript => ({
    ...fileOf(file, digest(sha256)),
    includes: (includes ?? []).map((include) => fileOf(include.file, parseDigest(include.sha256))),
  });
  return {
    written,
    json,
    path,
    form,
    profile: raw.profile && fileOf(raw.profile.file, parseDigest(raw.profile.sha256)),
    source: fileOf(raw.source.file, digest(raw.source.sha256)),
    executor: scriptOf(raw.executor),
    rollback: raw.rollback && scriptOf(raw.rollback),
    lineOf,
    clockAt: (table, column) =>
      `/clock/${raw.clock?.findIndex((c) => c.table === table && c.column === column) ?? 0}`,
  };
}

function digest(text: string | undefined): Digest | undefined {
  return text === undefined ? undefined : parseDigest(text);
}

const PLAN = {
  noun: 'plan',
  schema: PLAN_SCHEMA,
  codes: { syntax: 'PLAN_SYNTAX', unknownKey: 'PLAN_KEY_UNKNOWN', invalid: 'PLAN_INVALID' },
  reference: 'spec/REHEARSAL.md, "Plans"',
} as const;

/** Runs one step; what it refuses is reported. What the environment does is no refusal, and is thrown. */
export async function reporting<T>(step: () => Promise<T>, report: Report): Promise<T | undefined> {
  try {
    return await step();
  } catch (error) {
    if (!isOfInput(error)) throw error;
    report(error);
    return undefined;
  }
}
