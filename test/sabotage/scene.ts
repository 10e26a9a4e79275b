import { copyFileSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import type { EngineOptions, Workspace } from '../../src/engines/engine.ts';
import { sqliteEngine } from '../../src/engines/sqlite/index.ts';
import { CustodyError } from '../../src/errors.ts';
import { decodeKind, type ObjectOf } from '../../src/objects/kinds.ts';
import type { Link } from '../../src/objects/link.ts';
import { MemoryObjects } from '../../src/objects/memory-objects.ts';
import { guardFiles } from '../../src/rehearsal/plan/guarded-plan.ts';
import { parsePlan, type Plan } from '../../src/rehearsal/plan/plan.ts';
import { rehearse, type RehearsalOptions, type RehearsalResult } from '../../src/rehearsal/rehearse.ts';
import { judge } from '../../src/validator/judge.ts';
import { putValidator } from '../../src/vectors/controls.ts';
import { runValidator } from '../../src/judging/validator-process.ts';
import { useTemp } from '../engines/sqlite/helpers.ts';
import { damageFile, delegate, SabotagedEngine, type Prepare, type Saboteur } from './harness.ts';

/** Like a production database: keys, an index, a trigger that takes part, a view with a trigger, a counter, a version. */
const DATABASE = `
  PRAGMA user_version = 7;
  CREATE TABLE documents (id TEXT NOT NULL PRIMARY KEY, title TEXT NOT NULL, body BLOB, weight REAL DEFAULT 1.5);
  CREATE TABLE approvals (
    id INTEGER PRIMARY KEY, document TEXT NOT NULL REFERENCES documents (id), state TEXT NOT NULL
  );
  CREATE TABLE births (
    id INTEGER PRIMARY KEY AUTOINCREMENT, document TEXT NOT NULL REFERENCES documents (id),
    name TEXT NOT NULL UNIQUE, mother INTEGER REFERENCES births (id) DEFERRABLE INITIALLY DEFERRED
  );
  CREATE TABLE register (birth INTEGER NOT NULL PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE issues (id INTEGER PRIMARY KEY, text TEXT NOT NULL, open INTEGER NOT NULL DEFAULT 1);
  CREATE TABLE notes (text);
  CREATE INDEX births_by_document ON births (document, name);
  CREATE TRIGGER births_registered AFTER INSERT ON births
    BEGIN INSERT INTO register VALUES (new.id, 'registered'); END;
  CREATE VIEW living AS SELECT births.name, register.state FROM births JOIN register ON birth = births.id;
  CREATE TRIGGER living_born INSTEAD OF INSERT ON living
    BEGIN INSERT INTO births (document, name) VALUES ('d1', new.name); END;
  INSERT INTO documents VALUES ('d1', 'one', x'00ff', 1.0), ('d2', 'two', NULL, -0.5);
  INSERT INTO approvals VALUES (1, 'd1', 'approved');
  INSERT INTO births (id, document, name, mother) VALUES (3, 'd1', 'eve', NULL), (5, 'd2', 'abel', 3);
  INSERT INTO issues VALUES (1, 'leaks', 1), (2, 'creaks', 0);
  INSERT INTO notes VALUES ('a'), ('b'), ('b');
`;

export const CHANGE = `INSERT INTO documents (id, title) VALUES ('d3', 'three');
INSERT INTO births (document, name, mother) VALUES ('d3', 'seth', 3), ('d3', 'enos', 6);
`;

export const ROLLBACK = `DELETE FROM register WHERE birth IN (6, 7);
DELETE FROM births WHERE id IN (6, 7);
DELETE FROM documents WHERE id = 'd3';
UPDATE sqlite_sequence SET seq = 5 WHERE name = 'births';
`;

const PLAN = `custody: plan/2
name: two births
engine: sqlite
source: { file: source.db, kind: fixture }
executor: { file: executor.sql }
preflight:
  - { name: approved, sql: "SELECT count(*) FROM approvals WHERE state = 'approved'", expect: '>= 1' }
  - { name: not there yet, sql: "SELECT count(*) FROM documents WHERE id = 'd3'", expect: '== 0' }
boundary: { tables: [births, documents, register] }
delta: { documents: { inserted: 1 }, births: { inserted: 2 }, register: { inserted: 2 } }
postconditions:
  - { name: registered, sql: SELECT count(*) FROM register, expect: '== 4', at: applied }
`;

/** The plan's postconditions, with one that is asked after the way back, too. */
export const BEFORE_AFTER = `postconditions:
  - { name: registered, sql: SELECT count(*) FROM register, expect: '== 4', at: applied }
  - { name: births before == after, sql: SELECT count(*) FROM births, unchanged: true }`;

/** How a scene differs from the usual one. */
export interface Setting {
  /** SQL that changes the source. */
  readonly database?: string;
  readonly executor?: string;
  /** With a rollback script there is a leg S. */
  readonly rollback?: string;
  /** Lines of the plan; those that begin with a key that it already has replace it. */
  readonly plan?: string;
}

export interface Scene {
  readonly folder: string;
  /** A workspace that other scenes with the same source use, too; undefined where this one has its own. */
  readonly prepare: Prepare | undefined;
  readonly file: (name: string) => string;
  plan(): Promise<Plan>;
}

export interface Stage {
  /** The usual source, as every scene begins with it. */
  readonly template: string;
  /** A scene whose source nobody may damage: it shares the workspace, and pays no process for one. */
  set(setting?: Setting): Scene;
  /** A scene with a source and a workspace of its own. */
  setApart(setting?: Setting): Scene;
}

/** Makes the database once; every scene has a copy of it in a folder of its own. */
export function useStage(): Stage {
  const temp = useTemp();
  const workspaces = new Map<string, Promise<{ workspace: Workspace; source: string }>>();
  beforeAll(() => damageFile(temp.file('template.db'), DATABASE));
  afterAll(async () => {
    for (const made of workspaces.values()) await (await made).workspace[Symbol.asyncDispose]();
  });

  const source = (path: string, { database }: Setting): string => {
    copyFileSync(temp.file('template.db'), path);
    if (database !== undefined) damageFile(path, database);
    return path;
  };
  const share = async (
    setting: Setting,
    options: EngineOptions,
  ): Promise<{ workspace: Workspace; source: string }> => {
    const key = setting.database ?? '';
    const file = temp.file(`shared-${workspaces.size}.db`);
    const made =
      workspaces.get(key) ??
      sqliteEngine
        .prepare({ file: source(file, setting) }, options)
        .then((workspace) => ({ workspace, source: file }));
    workspaces.set(key, made);
    const shared = await made;
    const workspace = delegate(shared.workspace, { [Symbol.asyncDispose]: async () => undefined });
    return { ...shared, workspace };
  };
  const set = (setting: Setting, apart: boolean): Scene => {
    const folder = mkdtempSync(temp.file('scene-'));
    const file = (name: string): string => join(folder, name);
    source(file('source.db'), setting);
    writeFileSync(file('executor.sql'), setting.executor ?? CHANGE);
    if (setting.rollback !== undefined) writeFileSync(file('rollback.sql'), setting.rollback);
    writeFileSync(file('plan.yaml'), planText(setting));
    return {
      folder,
      prepare: apart ? undefined : (_, options) => share(setting, options),
      file,
      plan: () => parsePlan(readFileSync(file('plan.yaml')), file('plan.yaml')),
    };
  };
  return {
    get template() {
      return temp.file('template.db');
    },
    set: (setting = {}) => set(setting, false),
    setApart: (setting = {}) => set(setting, true),
  };
}

function planText({ rollback, plan = '' }: Setting): string {
  const keys = plan.split('\n').flatMap((line) => /^([a-z]+):/i.exec(line)?.[1] ?? []);
  const kept = PLAN.split('\n').filter((line, i, lines) => {
    // An indented line belongs to the key above it.
    const head = lines.slice(0, i + 1).findLast((l) => /^[a-z]/i.test(l));
    return !keys.includes(/^([a-z]+):/i.exec(head ?? '')?.[1] ?? '');
  });
  const script = rollback === undefined ? [] : ['rollback: { file: rollback.sql }'];
  return [...kept, ...script, plan, ''].join('\n');
}

/** A rehearsal that took place, and what the validator says of it. */
export interface Drilled extends RehearsalResult {
  /** `CODE path`, sorted. */
  readonly found: readonly string[];
  readonly objects: MemoryObjects;
  readonly rehearsed: ObjectOf<'rehearsal'>;
  /** How often the saboteur came to act. */
  readonly hits: number;
}

/** Rehearses with a saboteur in the engine, and has the real validator judge what was recorded. */
export async function drill(
  scene: Scene,
  saboteur: Saboteur = {},
  options: Partial<RehearsalOptions> = {},
): Promise<Drilled> {
  const objects = new MemoryObjects();
  const engine = new SabotagedEngine(saboteur, scene.prepare);
  const plan = await scene.plan();
  const result = await rehearse(plan, await guardFiles(plan), engine, objects, {
    validators: [validatorIn(objects)],
    quarantine: scene.file('quarantine'),
    now: Date.now,
    ...options,
  });
  const rehearsed = decodeKind('rehearsal', objects.get(result.rehearsal.digest));
  return { ...result, found: foundIn(result.rehearsal, objects), objects, rehearsed, hits: engine.hits };
}

/** The validator that judges everything here, as the object that a rehearsal names. */
export function validatorIn(objects: MemoryObjects): Link {
  return putValidator(objects, 'custody', readFileSync(BUNDLE, 'utf8'));
}

/** What test/global-setup.ts builds. */
export const BUNDLE = resolve(import.meta.dirname, '../../dist/validator.mjs');

/** Judged in this process: the same code as the bundle's. */
export function foundIn(rehearsal: Link, objects: MemoryObjects): string[] {
  const { findings } = judge(rehearsal.digest, objects);
  return findings.map(({ code, path }) => `${code} ${path}`).sort();
}

/** Judged by the real validator in its own process. */
export async function foundByProcess(rehearsal: Link, objects: MemoryObjects): Promise<string[]> {
  const { findings } = await runValidator(readFileSync(BUNDLE), rehearsal.digest, objects.get);
  return findings.map(({ code, path }) => `${code} ${path}`).sort();
}

/** One thing that goes wrong for real, and the findings that are meant for it. */
export interface Sabotage {
  readonly name: string;
  /** By default the usual scene. */
  readonly setting?: Setting;
  readonly saboteur?: () => Saboteur;
  /** It damages the source or the image, which others must not share. */
  readonly apart?: true;
  /** `CODE path`, each of which must be found. */
  readonly caught: readonly string[];
}

/** Runs a sabotage, and asserts that it took place and was caught by what is meant for it. */
export async function caught(
  stage: Stage,
  { setting, saboteur, apart, caught: wanted }: Sabotage,
): Promise<Drilled> {
  const drilled = await drill(apart ? stage.setApart(setting) : stage.set(setting), saboteur?.());
  if (saboteur) expect(drilled.hits, 'the saboteur never came to act').toBeGreaterThan(0);
  expect(drilled.found).toEqual(expect.arrayContaining([...wanted]));
  return drilled;
}

/** The same scene without a saboteur is accepted: what was caught was the sabotage and nothing else. */
export async function accepted(stage: Stage, setting: Setting = {}): Promise<Drilled> {
  const drilled = await drill(stage.set(setting));
  expect(drilled.found).toEqual([]);
  expect(drilled.rehearsed.legs.map(({ leg }) => leg)).toEqual(
    setting.rollback === undefined ? ['T', 'R'] : ['T', 'R', 'S'],
  );
  return drilled;
}

/** The scene ends in an error before anything could be recorded. */
export async function sabotaged(scene: Scene, saboteur: Saboteur = {}): Promise<CustodyError> {
  const error: unknown = await drill(scene, saboteur).then(
    ({ found }) => found,
    (reason: unknown) => reason,
  );
  if (!(error instanceof CustodyError)) throw new Error('not refused', { cause: error });
  return error;
}
