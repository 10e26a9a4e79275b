import { decodeKind, type ObjectOf } from '../../objects/kinds.ts';
import { sha256Bytes } from '../../objects/sha256.ts';
import { otherHash, type Draft } from '../draft.ts';
import { other } from '../edits.ts';
import { bytesOf } from '../states.ts';
import { LEGS, postgres, sqlite, sqliteFull, type Expected, type Vector } from '../vector.ts';

type Entries = ObjectOf<'tree'>['entries'];
type Item = Extract<Entries[number], { mode: string }>;

/** Faults in the source as it is stored, in the restore image, and in the states that should be the before-state. */
export const SOURCES: readonly Vector[] = [
  sqlite(
    'source-claims-another-digest',
    [
      ['SOURCE_CHANGED', 'source'],
      ['SOURCE_CHANGED', 'source/sha256'],
    ],
    (d) => {
      d.rehearsal.source.sha256 = otherHash();
    },
  ),
  sqlite('source-pin-differs', [['SOURCE_CHANGED', 'source']], (d) => {
    d.plan.source.sha256 = otherHash();
  }),
  sqlite('source-unpinned-and-another', [['SOURCE_CHANGED', 'source/sha256']], (d) => {
    d.plan.source.sha256 = null;
    d.rehearsal.source.sha256 = otherHash();
  }),
  sqlite('accepted-source-that-is-not-pinned', [], (d) => {
    d.plan.source.sha256 = null;
  }),
  sqliteFull('accepted-source-with-a-journal', [], (d) => {
    edit(d, ([source, wal]) => [source!, named(d, 'source-journal', 'a journal'), wal!]);
  }),
  source('bytes-replaced', [['SOURCE_CHANGED', 'source/sha256']], (d, [source]) => [
    { ...source!, link: d.content('others') },
  ]),
  source('executable', [['EVIDENCE_MALFORMED', 'source/files/source']], (_, [source]) => [
    { ...source!, mode: 'exec' },
  ]),
  source('missing', [['SOURCE_CHANGED', 'source/sha256']], () => []),
  source('with-a-file-more', [['EVIDENCE_MALFORMED', 'source/files/source-shm']], (d, [source]) => [
    source!,
    named(d, 'source-shm', 'shared memory'),
  ]),
  source('with-a-folder', [['EVIDENCE_MALFORMED', 'source/files']], (d, [source]) => [
    source!,
    { name: 'source-wal', mode: 'dir', link: d.rehearsal.source.files },
  ]),
  source('in-another-order', [['EVIDENCE_MALFORMED', 'source-stored']], (d, [source]) => [
    named(d, 'source-wal', 'a log'),
    source!,
  ]),
  source('twice', [['EVIDENCE_MALFORMED', 'source-stored']], (_, [source]) => [source!, source!]),
  sqlite('source-in-a-tree-of-lists', [['EVIDENCE_MALFORMED', 'source/files']], (d) => {
    d.rehearsal.source.files = d.put({
      kind: 'tree',
      v: 2,
      level: 1,
      entries: [['source', d.rehearsal.source.files, 1]],
    });
  }),
  sqlite('source-is-no-folder', [['EVIDENCE_MALFORMED', 'source-stored']], (d) => {
    d.rehearsal.source.files = d.rehearsal.entry;
  }),
  postgres('source-with-a-log', [['EVIDENCE_MALFORMED', 'source/files/source-wal']], (d) => {
    edit(d, ([dump]) => [dump!, named(d, 'source-wal', 'a log')]);
  }),

  sqlite('image-file-replaced', [['IMAGE_UNVERIFIED', 'image/file']], (d) => {
    d.rehearsal.image.file = d.content('another image');
  }),
  sqlite('image-digest-differs', [['IMAGE_UNVERIFIED', 'image/file']], (d) => {
    d.rehearsal.image.sha256 = otherHash();
  }),
  sqlite('image-file-is-no-content', [['EVIDENCE_MALFORMED', 'image-stored']], (d) => {
    d.rehearsal.image.file = d.rehearsal.entry;
  }),
  postgres('image-is-not-the-dump', [['IMAGE_UNVERIFIED', 'image/sha256']], (d) => {
    d.rehearsal.image.sha256 = sha256Bytes(bytesOf('another dump'));
    d.rehearsal.image.file = d.content('another dump');
  }),
  sqlite('image-not-verified', [['IMAGE_UNVERIFIED', 'image/restored']], (d) => {
    d.rehearsal.image.restored = null;
  }),
  sqlite('image-of-another-state', [['IMAGE_UNVERIFIED', 'image/restored']], (d) => {
    d.rehearsal.image.restored = other(d);
  }),
  ...LEGS.map((leg) =>
    sqlite(`start-is-not-the-before-state-${leg}`, [['BEFORE_DIVERGED', `legs/${leg}/start`]], (d) => {
      d.leg(leg).start = other(d);
    }),
  ),
  sqliteFull('start-is-not-the-before-state-S', [['BEFORE_DIVERGED', 'legs/S/start']], (d) => {
    d.leg('S').start = other(d);
  }),
  sqlite('exit-differs', [['ENTRY_EXIT_DIFFERS', 'exit']], (d) => {
    d.rehearsal.exit = other(d);
  }),
  sqlite('exit-skipped', [['ENTRY_EXIT_SKIPPED', 'exit']], (d) => {
    d.rehearsal.exit = null;
  }),
  sqlite(
    'entry-differs',
    [
      ['ENTRY_EXIT_DIFFERS', 'exit'],
      ['IMAGE_UNVERIFIED', 'image/restored'],
      ...LEGS.flatMap((leg): Expected[] => [
        ['BEFORE_DIVERGED', `legs/${leg}/start`],
        ['ROLLBACK_NOT_EXACT', `legs/${leg}/back/database/zone`],
        ['BOUNDARY_EXCEEDED', `legs/${leg}/after/database/zone`],
      ]),
    ],
    (d) => {
      d.rehearsal.entry = other(d);
    },
  ),
];

function source(
  name: string,
  expected: readonly Expected[],
  change: (d: Draft, entries: Item[]) => Entries,
): Vector {
  return sqlite(`source-${name}`, expected, (d) => edit(d, (entries) => change(d, entries as Item[])));
}

function edit(d: Draft, change: (entries: Entries) => Entries): void {
  const { files } = d.rehearsal.source;
  const { entries } = decodeKind('tree', d.objects.get(files.digest));
  d.rehearsal.source.files = d.put({ kind: 'tree', v: 2, level: 0, entries: change(entries) });
}

function named(d: Draft, name: string, text: string): Item {
  return { name, mode: 'file', link: d.content(text) };
}
