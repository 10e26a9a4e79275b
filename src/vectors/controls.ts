import type { EngineName } from '../objects/snapshots/classes.ts';
import { digestOf, type Digest } from '../objects/digest.ts';
import { storeContent } from '../objects/file.ts';
import type { ScriptPart } from '../rules/includes.ts';
import type { ObjectOf } from '../objects/kinds.ts';
import type { Link } from '../objects/link.ts';
import { MemoryObjects } from '../objects/memory-objects.ts';
import { canonicalJson } from '../objects/json.ts';
import { yamlValue } from '../rules/yaml.ts';
import { planForm } from '../rules/plan-form.ts';
import type { PlanDocument } from '../rules/plan-schema.ts';
import { sha256Bytes } from '../objects/sha256.ts';
import { putObject } from '../objects/sink.ts';
import { TreeBuilder } from '../objects/tree.ts';
import { PROFILE, RESULTS, SURROGATE } from './profile.ts';
import { hexOf, namedScript, putScript, type ScriptObject } from './scripts.ts';
import { bytesOf, nameOf, putState } from './states.ts';

/** Each engine with legs T and R and no more than it needs, and with everything that a rehearsal can have. */
export const CONTROLS = ['sqlite', 'postgres', 'sqlite-full', 'postgres-full'] as const;
export type Control = (typeof CONTROLS)[number];

/** All that the engines assert: the ones that need not hold do not, but where the full plan requires one. */
const ASSERTIONS = {
  sqlite: [
    'attach-refused',
    'child-processes-refused',
    'clone-folder-private',
    'clone-not-linked-to-source',
    'clone-not-open-elsewhere',
    'clone-not-seen-open',
    'extensions-refused',
    'file-access-restricted',
    'image-unchanged',
    'network-isolated',
    'paths-confined',
    'source-opened-read-only',
    'source-unchanged',
  ],
  postgres: [
    'cluster-folder-private',
    'cluster-own-process',
    'executor-role-unprivileged',
    'image-without-sessions',
    'no-other-sessions',
    'no-prepared-transactions',
    'no-replication',
    'source-unchanged',
    'unix-socket-only',
  ],
} as const;

const EXECUTOR: readonly [ScriptPart, ...ScriptPart[]] = [
  { path: 'executor.sql', text: 'INSERT INTO births …;\n' },
];
const EXECUTOR_WITH_INCLUDES: typeof EXECUTOR = [
  {
    path: 'sql/change.sql',
    text: "-- the change\n\\ir births.sql\nUPDATE stock SET part = 'sold' WHERE id = 5;\n",
  },
  { path: 'sql/births.sql', text: 'INSERT INTO births …;\n\\i sql/less.sql\n' },
  { path: 'sql/less.sql', text: 'DELETE FROM stock WHERE id = 7;' },
];
const ROLLBACK: typeof EXECUTOR = [{ path: 'rollback.sql', text: 'DELETE FROM births …; …\n' }];

/** A small rehearsal in which everything is as it must be: the control, from which each vector differs in one fault. */
export function makeControl(which: Control): { subject: Digest; objects: MemoryObjects } {
  const engine: EngineName = which.startsWith('sqlite') ? 'sqlite' : 'postgres';
  const full = which.endsWith('-full');
  const objects = new MemoryObjects();
  const content = (text: string): Link => storeContent(objects, bytesOf(text));
  const before = putState(objects, { engine, after: false, moved: false, stock: false });
  const after = putState(objects, { engine, after: true, moved: true, stock: full });
  // What a way back leaves where it does not undo the bounded sequence.
  const moved = putState(objects, { engine, after: false, moved: true, stock: false });

  const executor = putScript(objects, full ? EXECUTOR_WITH_INCLUDES : EXECUTOR);
  const rollback = full ? putScript(objects, ROLLBACK) : null;
  const source = 'the bytes of a source';
  const document = planFile({ engine, full, source, executor, rollback });
  const profile = full ? content(PROFILE) : null;
  const form = planForm(document);
  const plan = putObject(objects, {
    kind: 'plan',
    v: 4,
    document: storeContent(objects, canonicalJson(document)),
    written: content('custody: plan/2 # as people wrote it\n'),
    profile: profile && {
      document: storeContent(objects, canonicalJson(yamlValue(bytesOf(PROFILE)))),
      written: profile,
      surrogate: content(SURROGATE),
    },
    executor: executor.before,
    rollback: rollback?.before ?? null,
  });
  const answers = form.postconditions.map(({ name }, i) => ({
    name,
    before: BEFORE[i]!,
    applied: APPLIED[i]!,
  }));
  const leg = (name: 'T' | 'R' | 'S', back: Link): ObjectOf<'rehearsal'>['legs'][number] => ({
    leg: name,
    start: before,
    preflight: ['2', 'SURROGATE'],
    after,
    ended: name === 'T' ? 'rolled-back' : 'committed',
    trigger: null,
    open: false,
    back,
    postconditions: answers.map((answer, i) => ({
      name: answer.name,
      actual: form.postconditions[i]!.at === 'applied' ? answer.applied : answer.before,
      ok: true,
    })),
    identical: engine === 'sqlite' && name !== 'S' ? true : null,
    quarantined: false,
  });
  const image = engine === 'sqlite' ? 'the bytes of an image' : source;
  const subject = putObject(objects, {
    kind: 'rehearsal',
    v: 2,
    plan,
    validators: full
      ? [
          putValidator(objects, 'custody', 'export {};'),
          putValidator(objects, 'other', '#!/usr/bin/env python3\n'),
        ]
      : [putValidator(objects, 'custody', 'export {};')],
    engine,
    executor,
    rollback,
    source: {
      sha256: sha256Bytes(bytesOf(source)),
      files: putSource(objects, source, full && engine === 'sqlite'),
    },
    image: { sha256: sha256Bytes(bytesOf(image)), file: content(image), restored: before },
    entry: before,
    exit: before,
    preflight: form.preflight.map((gate, i) => ({ ...gate, actual: ['2', 'SURROGATE'][i]!, ok: true })),
    baseline: answers.map((answer) => ({ name: answer.name, actual: answer.before })),
    trigger: null,
    delta: form.delta,
    legs: [
      // ROLLBACK does not undo nextval, and a rollback script need not undo it either.
      leg('T', engine === 'postgres' ? moved : before),
      leg('R', before),
      ...(full ? [leg('S', moved)] : []),
    ],
    isolation: ASSERTIONS[engine].map((assertion) => ({
      assertion,
      holds: assertion === 'paths-confined' ? full : assertion !== 'network-isolated',
    })),
    probes: profile && putObject(objects, { kind: 'probes', v: 2, profile, results: RESULTS }),
    observed: [],
  });
  return { subject: subject.digest, objects };
}

/** Answers to the postconditions below, before and while the change is applied. */
const BEFORE = ['2', '0', '2'];
const APPLIED = ['3', '0', '2'];

function planFile(made: {
  engine: EngineName;
  full: boolean;
  source: string;
  executor: ScriptObject;
  rollback: ScriptObject | null;
}): PlanDocument {
  const { engine, full, executor, rollback } = made;
  const name = (table: string): string => nameOf(engine, table);
  const hex = (text: string): string => digestOf(bytesOf(text));
  const bounded = engine === 'postgres' ? 'public.births_id_seq' : full ? 'births' : undefined;
  const digest = (script: ScriptObject): string => hexOf(script.before);
  return {
    custody: 'plan/2',
    name: 'one birth',
    engine,
    source: { file: 'source.db', kind: 'surrogate', marker: 'SURROGATE', sha256: hex(made.source) },
    executor: namedScript(executor),
    ...(rollback && { rollback: namedScript(rollback) }),
    preflight: [
      { name: 'two births', sql: 'SELECT count(*) FROM births', expect: '== 2' },
      { name: 'marked', sql: 'SELECT marker FROM marks', expect: 'SURROGATE' },
    ],
    boundary: {
      tables: ['births', 'notes', ...(full ? ['stock'] : []), 'tokens'].map(name),
      ...(full && {
        allow: (['delete', 'update'] as const).map((action) => ({
          action,
          table: name('stock'),
          reason: 'it is sold',
        })),
      }),
    },
    delta: {
      [name('births')]: { inserted: 1 },
      [name('notes')]: { inserted: 1 },
      ...(full && { [name('stock')]: { updated: 1, deleted: 1 } }),
      [name('tokens')]: { inserted: 2 },
    },
    clock: [
      { table: name('births'), column: 'born', reason: 'the clock' },
      { table: name('tokens'), column: 'token', reason: 'random' },
    ],
    ...(bounded !== undefined && {
      bounded: [{ effect: 'sequence', name: bounded, reason: 'it is not undone' }],
    }),
    ...(full && {
      macro: 'M-1',
      profile: { file: 'profile.yaml', sha256: hex(PROFILE) },
      session: { timezone: 'UTC' },
      approval: {
        by: 'an owner',
        reference: 'ticket 7',
        executor: digest(executor),
        ...(rollback && { rollback: digest(rollback) }),
      },
      postconditions: [
        { name: 'done', sql: 'SELECT count(*) FROM births', expect: '>= 3', at: 'applied' },
        { name: 'leases empty', sql: 'SELECT count(*) FROM leases', unchanged: true, at: 'applied' },
        { name: 'births as before', sql: 'SELECT count(*) FROM births', unchanged: true },
      ],
      isolation: [engine === 'sqlite' ? 'paths-confined' : 'no-replication'],
    }),
  };
}

export function putValidator(objects: MemoryObjects, name: string, text: string): Link {
  const file = bytesOf(text);
  return putObject(objects, {
    kind: 'validator',
    v: 2,
    name,
    file: storeContent(objects, file),
    runner: text.startsWith('#!') ? 'interpreter' : 'node-permission',
    protocol: 'ask/1',
  });
}

function putSource(objects: MemoryObjects, source: string, withLog: boolean): Link {
  const tree = new TreeBuilder(objects);
  for (const [name, text] of [['source', source], ...(withLog ? [['source-wal', 'a log']] : [])] as const) {
    const bytes = bytesOf(text);
    tree.add({ name, mode: 'file', link: storeContent(objects, bytes) });
  }
  return tree.finish();
}
