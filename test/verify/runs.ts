import { nodeLink, type Link } from '../../src/objects/link.ts';
import type { MemoryObjects } from '../../src/objects/memory-objects.ts';
import { putBlob, putObject } from '../../src/objects/sink.ts';
import { TreeBuilder } from '../../src/objects/tree.ts';
import { makeControl } from '../../src/vectors/controls.ts';
import { utf8 } from '../objects/support.ts';
import type { LinkClaim } from './claims.ts';

/** The run of a sound rehearsal, which links these files as the program that ran. */
function run(objects: MemoryObjects, files: Link): Link {
  const control = makeControl('sqlite');
  for (const [digest, { codec, bytes }] of control.objects.entries()) objects.put(codec, digest, bytes);
  return putObject(objects, {
    kind: 'run',
    v: 2,
    rehearsal: nodeLink(control.subject),
    started: 0,
    durations: [],
    program: { version: '0.1.0', files, packages: [] },
    versions: [],
    isolation: [],
    afters: [],
  });
}

function program(objects: MemoryObjects): Link {
  const tree = new TreeBuilder(objects);
  tree.add({ name: 'custody.js', mode: 'file', link: putBlob(objects, utf8('x')) });
  return tree.finish();
}

export const RUN_CLAIMS: readonly LinkClaim[] = [
  { name: 'run-sound', description: 'nothing is wrong', codes: [], make: (o) => run(o, program(o)) },
  {
    name: 'run-program-kind',
    description: 'a run links its rehearsal as the folder of the program that ran',
    codes: ['OBJECT_INVALID'],
    make: (o) => run(o, nodeLink(makeControl('sqlite').subject)),
  },
];
