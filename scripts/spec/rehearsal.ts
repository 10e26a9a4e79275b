import { generateKey } from '../../src/log/note-key.ts';
import { signRerun } from '../../src/log/rerun-note.ts';
import { deltaOf } from '../../src/objects/snapshots/delta.ts';
import { digestOf, digestToBytes } from '../../src/objects/digest.ts';
import { storeContent } from '../../src/objects/file.ts';
import { encodeKey } from '../../src/objects/rows/key.ts';
import { decodeObject, encodeObject, type AnyObject } from '../../src/objects/kinds.ts';
import type { Link } from '../../src/objects/link.ts';
import type { MemoryObjects } from '../../src/objects/memory-objects.ts';
import { planForm } from '../../src/rules/plan-form.ts';
import type { PlanDocument } from '../../src/rules/plan-schema.ts';
import { encodeRecord } from '../../src/objects/rows/sqlite-record.ts';
import { putBlob, putObject } from '../../src/objects/sink.ts';
import { SnapshotBuilder } from '../../src/objects/snapshots/builder.ts';
import { TreeBuilder } from '../../src/objects/tree.ts';
import { resultOf } from '../../src/objects/walk.ts';
import { utf8 } from './hex.ts';

/** 2026-06-12T00:00:00Z, in milliseconds. */
export const TIME = 1_781_222_400_000;

/** One rehearsal, rejected for what it does not assert, with everything that is said of it. */
export function putRehearsal(
  objects: MemoryObjects,
  validator: Link,
): Record<'plan' | 'rehearsal' | 'run' | 'verdict' | 'probes' | 'rerun', Link> & {
  before: { link: Link; table: Link };
} {
  const put = (object: AnyObject): Link => putObject(objects, object);
  const blob = (text: string): Link => putBlob(objects, utf8(text));
  const before = snapshot(objects, [[1n, 'Ada']]);
  const after = snapshot(objects, [
    [1n, 'Ada'],
    [2n, 'Grace'],
  ]);
  const executor = utf8("INSERT INTO people VALUES (2, 'Grace');\n");
  const digest = digestToBytes(digestOf(executor));
  const profile = blob('custody: profile/1\n');
  const delta = resultOf(deltaOf(before.link, after.link), objects.get).tables;
  const gate = { name: 'not there yet', sql: 'SELECT count(*) FROM people WHERE id = 2', expect: '== 0' };
  const document: PlanDocument = {
    custody: 'plan/2',
    name: 'one more person',
    engine: 'sqlite',
    profile: { file: 'profile.yaml', sha256: profile.digest },
    source: { file: 'people.sqlite', kind: 'fixture' },
    executor: { file: 'executor.sql', sha256: digestOf(executor) },
    session: { foreign_keys: 'ON' },
    preflight: [gate],
    delta: { people: { inserted: 1 } },
    postconditions: [
      { name: 'one of them', sql: 'SELECT count(*) FROM people', expect: '== 2', at: 'applied' },
    ],
  };
  const form = planForm(document);
  const plan = put({
    kind: 'plan',
    v: 2,
    ...form,
    document: blob(`${JSON.stringify(document, null, 2)}\n`),
    profile,
    executor: digest,
    rollback: null,
  });
  const probes = put({
    kind: 'probes',
    v: 1,
    profile,
    results: [
      { id: 'C0', name: 'the plan as it is', expected: null, codes: [], exit: 0, leaked: [] },
      {
        id: 'B1',
        name: 'production target',
        expected: 'TARGET_PRODUCTION',
        codes: ['TARGET_PRODUCTION'],
        exit: 3,
        leaked: [],
      },
    ],
  });
  const file = utf8('the bytes of a database file');
  const image = digestToBytes(digestOf(file));
  const source = new TreeBuilder(objects);
  source.add({
    name: 'source',
    mode: 'file',
    size: file.length,
    sha256: image,
    link: storeContent(objects, file),
  });
  const leg = {
    start: before.link,
    preflight: ['0'],
    after: after.link,
    trigger: null,
    open: false,
    back: before.link,
    postconditions: [{ name: 'one of them', actual: '2', ok: true }],
    identical: true,
    quarantined: false,
  };
  const rehearsal = put({
    kind: 'rehearsal',
    v: 2,
    plan,
    validators: [validator],
    engine: 'sqlite',
    executor: {
      file: storeContent(objects, executor),
      before: digest,
      after: digest,
      parts: [{ path: 'executor.sql', sha256: digest, file: storeContent(objects, executor) }],
    },
    rollback: null,
    source: { sha256: image, files: source.finish() },
    image: { sha256: image, file: storeContent(objects, file), restored: before.link },
    entry: before.link,
    exit: before.link,
    preflight: [{ ...gate, actual: '0', ok: true }],
    baseline: [{ name: 'one of them', actual: '1' }],
    trigger: null,
    delta,
    legs: [
      { leg: 'T', ended: 'rolled-back', ...leg },
      { leg: 'R', ended: 'committed', ...leg },
    ],
    isolation: [{ assertion: 'source-unchanged', holds: true }],
    probes,
    observed: [],
  });
  const run = put({
    kind: 'run',
    v: 1,
    rehearsal,
    started: TIME,
    durations: [['leg T', 120]],
    versions: [['node', 'v24.21.0']],
    isolation: [['validator-network', 'restricted']],
    afters: [['T', after.link]],
  });
  const { skey } = generateKey('auditor.example/reruns', new Uint8Array(32).fill(9));
  const rerun = put({
    kind: 'rerun',
    v: 1,
    subject: rehearsal,
    again: rehearsal,
    run,
    same: true,
    differences: [],
    note: signRerun({ subject: rehearsal.digest, again: rehearsal.digest, same: true }, skey),
  });
  const findings = [
    { code: 'ISOLATION_UNPROVEN', path: 'isolation/clone-folder-private', detail: 'not asserted' },
  ];
  const verdict = put({ kind: 'verdict', v: 1, validator, subject: rehearsal, accepted: false, findings });

  return { before, plan, rehearsal, run, verdict, probes, rerun };
}

function snapshot(
  objects: MemoryObjects,
  people: readonly (readonly [bigint, string])[],
): { link: Link; table: Link } {
  const seen: Link[] = [];
  const builder = new SnapshotBuilder(
    {
      put: (codec, digest, bytes) => {
        objects.put(codec, digest, bytes);
        if (codec === 'dag-cbor' && decodeObject(bytes).kind === 'table')
          seen.push(encodeObject(decodeObject(bytes)).link);
      },
    },
    'sqlite',
  );
  builder.fact('user_version', '0');
  builder.fact('encoding', 'UTF-8');
  builder.fact('application_id', '0');
  builder.schema('table', 'people', [
    ['table', 'people'],
    ['sql', 'CREATE TABLE people(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT)'],
  ]);
  builder.sequence('people', [['seq', String(people.length)]]);
  const table = builder.table({
    name: 'people',
    format: 'sqlite-record',
    columns: [
      { name: 'id', type: 'INTEGER' },
      { name: 'name', type: 'TEXT' },
    ],
    key: { type: 'declared', columns: ['id'] },
  });
  for (const [id, name] of people) table.add(encodeKey([id]), encodeRecord([null, name]));
  table.close();
  return { link: builder.finish().snapshot, table: seen[0]! };
}
