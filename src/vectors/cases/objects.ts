import { encode, type Value } from '../../objects/codec.ts';
import { digestOf, digestToBytes, type Digest } from '../../objects/digest.ts';
import { decodeKind, linksOf } from '../../objects/kinds.ts';
import { nodeLink, rawLink, type Link } from '../../objects/link.ts';
import { MemoryObjects } from '../../objects/memory-objects.ts';
import { planObject } from '../documents.ts';
import { otherHash, type Built, type Draft } from '../draft.ts';
import { LEGS, type Expected, type Vector } from '../vector.ts';

/** Objects that are missing, are not what a link says, or are none of ours. */
export const OBJECTS: readonly Vector[] = [
  missing('plan', (d) => d.rehearsal.plan, 'rebuilt'),
  missing('plan-document', (d) => d.plan.document, 'rebuilt'),
  missing('validator', (d) => d.rehearsal.validators[0]!, 'rebuilt'),
  missing('executor-file', (d) => d.rehearsal.executor.file),
  missing('before-state', (d) => d.rehearsal.entry),
  missing('after-state', (d) => d.after),
  missing('table-of-the-after-state', (d) => d.put(d.table(d.after, 'births'))),
  missing('rows-of-the-after-state', (d) => d.table(d.after, 'births').root),
  notAsked('plan-as-written', (d) => d.plan.written),
  notAsked('validator-file', (d) => d.validators[0]!.file),
  notAsked('source', (d) => linksOf(decodeKind('tree', d.objects.get(d.rehearsal.source.files.digest)))[0]!),
  notAsked('image', (d) => d.rehearsal.image.file),
  notAsked('schema', (d) => decodeKind('snapshot', d.objects.get(d.rehearsal.entry.digest)).facts['schema']!),
  notAsked(
    'leaf-that-is-in-both-states',
    (d) => decodeKind('node', d.objects.get(d.table(d.after, 'stock').root.digest)).entries[1]![1],
  ),
  notAsked('root-that-is-in-both-states', (d) => d.table(d.after, 'stock').root),
  ...LEGS.flatMap((leg) =>
    (['start', 'after', 'back'] as const).map((field) =>
      invented(`${leg}-${field}`, (d, link) => void (d.leg(leg)[field] = link)),
    ),
  ),
  invented('entry', (d, link) => void (d.rehearsal.entry = link)),
  invented('exit', (d, link) => void (d.rehearsal.exit = link)),
  invented('image', (d, link) => void (d.rehearsal.image.restored = link)),
  {
    name: 'plan-document-is-no-content',
    control: 'sqlite',
    expected: [['EVIDENCE_MALFORMED', 'plan/document']],
    change: (d) => void (d.otherDocument = d.rehearsal.entry),
  },
  kind('plan-is-a-snapshot', [['EVIDENCE_MALFORMED', 'plan']], (d, r) => ({ ...r, plan: d.rehearsal.entry })),
  kind('validator-is-a-snapshot', [['EVIDENCE_MALFORMED', 'validators/0']], (d, r) => ({
    ...r,
    validators: [d.rehearsal.entry],
  })),
  kind(
    'plan-and-validator-swapped',
    [
      ['EVIDENCE_MALFORMED', 'plan'],
      ['EVIDENCE_MALFORMED', 'validators/0'],
    ],
    (d, r) => ({ ...r, plan: d.rehearsal.validators[0]!, validators: [r['plan']!] }),
  ),
  kind('rehearsal-with-a-field-more', [['EVIDENCE_MALFORMED', 'rehearsal']], (_, r) => ({
    ...r,
    accepted: true,
  })),
  kind('rehearsal-with-a-field-less', [['EVIDENCE_MALFORMED', 'rehearsal']], (_, r) =>
    Object.fromEntries(Object.entries(r).filter(([name]) => name !== 'observed')),
  ),
  kind('rehearsal-of-another-version', [['EVIDENCE_MALFORMED', 'rehearsal']], (_, r) => ({ ...r, v: 3 })),
  kind('rehearsal-with-a-number-as-text', [['EVIDENCE_MALFORMED', 'rehearsal']], (_, r) => ({
    ...r,
    delta: [{ table: 'births', inserted: '1', updated: 0, deleted: 0 }],
  })),
  kind('rehearsal-of-a-kind-to-come', [['EVIDENCE_MALFORMED', 'rehearsal']], (_, r) => ({
    ...r,
    kind: 'decision',
  })),
  kind('rehearsal-links-raw-bytes', [['EVIDENCE_MALFORMED', 'rehearsal']], (d, r) => ({
    ...r,
    entry: rawLink(d.rehearsal.entry.digest),
  })),
  subject(
    'subject-is-the-plan',
    [['EVIDENCE_MALFORMED', 'rehearsal']],
    (d) => d.put(planObject(d.plan)).digest,
  ),
  subject('subject-is-not-there', [['DIGEST_ABSENT', `objects/${digestOf(otherHash())}`]], () =>
    digestOf(otherHash()),
  ),
  bytes('object-is-no-cbor', Uint8Array.of(0xff)),
  bytes('object-is-cut-short', encode({ kind: 'snapshot', v: 1 }).subarray(0, -1)),
  bytes('object-in-a-second-form', Uint8Array.of(0xa1, 0x78, 0x01, 0x61, 0x00)),
  bytes('object-with-a-key-twice', Uint8Array.of(0xa2, 0x61, 0x61, 0x00, 0x61, 0x61, 0x00)),
];

function missing(name: string, find: (d: Draft) => Link, when?: 'rebuilt'): Vector {
  return takenOut(`missing-${name}`, [['DIGEST_ABSENT', 'objects/$0']], find, when);
}

/** No check looks at it: whether it is there is level `objects`. */
function notAsked(name: string, find: (d: Draft) => Link): Vector {
  return takenOut(`accepted-without-${name}`, [], find);
}

/** An object is taken out of what is judged. `rebuilt`: known only once everything is encoded. */
function takenOut(
  name: string,
  expected: readonly Expected[],
  find: (d: Draft) => Link,
  when?: 'rebuilt',
): Vector {
  return {
    name,
    control: 'sqlite',
    expected,
    change: (d) => {
      if (when === 'rebuilt') d.build();
      return [find(d).digest];
    },
    spoil: ({ subject: id, objects }, [gone]) => ({ subject: id, objects: without(objects, gone as Digest) }),
  };
}

/** A digest that somebody made up. */
function invented(name: string, set: (d: Draft, link: Link) => void): Vector {
  const link = nodeLink(digestOf(digestToBytes(digestOf(otherHash(name)))));
  return {
    name: `invented-${name}`,
    control: 'sqlite',
    expected: [['DIGEST_ABSENT', `objects/${link.digest}`]],
    change: (d) => {
      set(d, link);
    },
  };
}

type Fields = { readonly [name: string]: Value };

/** The rehearsal itself is encoded in a way that its kind does not have, or with links to other kinds. */
function kind(
  name: string,
  expected: readonly Expected[],
  edit: (d: Draft, fields: Fields) => Fields,
): Vector {
  return replaced(name, expected, (d, built) => {
    const fields = decodeKind('rehearsal', built.objects.get(built.subject)) as unknown as Fields;
    return putBytes(built, encode(edit(d, fields)));
  });
}

function subject(name: string, expected: readonly Expected[], find: (d: Draft) => Digest): Vector {
  return replaced(name, expected, (d, built) => ({ ...built, subject: find(d) }));
}

function replaced(
  name: string,
  expected: readonly Expected[],
  make: (d: Draft, built: Built) => Built,
): Vector {
  let draft: Draft | undefined;
  return {
    name,
    control: 'sqlite',
    expected,
    change: (d) => {
      draft = d;
    },
    spoil: (built) => make(draft!, built),
  };
}

/** Bytes that are no object of ours, where leg T's way back leads. */
function bytes(name: string, content: Uint8Array): Vector {
  const digest = digestOf(content);
  return {
    name,
    control: 'sqlite',
    expected: [['EVIDENCE_MALFORMED', 'legs/T/back']],
    change: (d) => {
      d.objects.put('dag-cbor', digest, content);
      d.leg('T').back = nodeLink(digest);
    },
  };
}

function putBytes({ objects }: Built, content: Uint8Array): Built {
  const id = digestOf(content);
  objects.put('dag-cbor', id, content);
  return { subject: id, objects };
}

function without(objects: MemoryObjects, gone: Digest): MemoryObjects {
  const rest = new MemoryObjects();
  for (const [digest, { codec, bytes: content }] of objects.entries()) {
    if (digest !== gone) rest.put(codec, digest, content);
  }
  return rest;
}
