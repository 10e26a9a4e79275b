import { generateKey } from '../../src/log/note-key.ts';
import { signRerun } from '../../src/log/rerun-note.ts';
import { decodeKind, type AnyObject } from '../../src/objects/kinds.ts';
import { nodeLink, type Link } from '../../src/objects/link.ts';
import { walkMap } from '../../src/objects/map-walk.ts';
import type { MemoryObjects } from '../../src/objects/memory-objects.ts';
import { putBlob, putObject } from '../../src/objects/sink.ts';
import { TreeBuilder } from '../../src/objects/tree.ts';
import { driveSync } from '../../src/objects/walk.ts';
import { makeControl } from '../../src/vectors/controls.ts';
import { utf8 } from './hex.ts';

/** 2026-06-12T00:00:00Z, in milliseconds. */
export const TIME = 1_781_222_400_000;

type Kinds =
  'plan' | 'rehearsal' | 'run' | 'verdict' | 'probes' | 'rerun' | 'validator' | 'snapshot' | 'table';

/** The control of the vectors that has everything a rehearsal can have, rejected, with everything that is said of it. */
export function putRehearsal(objects: MemoryObjects): Record<Kinds, Link> {
  const put = (object: AnyObject): Link => putObject(objects, object);
  const control = makeControl('sqlite-full');
  for (const [digest, { codec, bytes }] of control.objects.entries()) objects.put(codec, digest, bytes);
  const rehearsal = nodeLink(control.subject);
  const { plan, entry, legs, probes, validators } = decodeKind('rehearsal', objects.get(rehearsal.digest));
  const validator = validators[0]!;
  const program = new TreeBuilder(objects);
  program.add({ name: 'custody.js', mode: 'file', link: putBlob(objects, utf8('// the command\n')) });
  const run = put({
    kind: 'run',
    v: 2,
    rehearsal,
    started: TIME,
    durations: [['leg T', 120]],
    program: { version: '0.1.0', files: program.finish(), packages: [['yaml', '2.9.1']] },
    versions: [['node', 'v24.21.0']],
    isolation: [['validator-network', 'restricted']],
    afters: [['T', legs[0]!.after!]],
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
  const faults = (['no-mutation', 'no-rollback'] as const).map((name) => ({ name, rejected: true }));
  const findings = [
    { code: 'ISOLATION_UNPROVEN', path: 'isolation/clone-folder-private', detail: 'not asserted' },
  ];
  const verdict = put({
    kind: 'verdict',
    v: 3,
    validator,
    subject: rehearsal,
    accepted: false,
    findings,
    faults,
    selftest: { vectors: new Uint8Array(32).fill(0xab), passed: 40, of: 40 },
  });
  const { tables } = decodeKind('snapshot', objects.get(entry.digest));
  const [births] = driveSync(walkMap(tables), objects.get);
  const table = births!.row as Link;
  return { plan, rehearsal, run, verdict, probes: probes!, rerun, validator, snapshot: entry, table };
}
