import { encode } from '../../objects/codec.ts';
import { encodeKey } from '../../objects/rows/key.ts';
import type { Draft, Entry } from '../draft.ts';
import { inBoth, sequence } from '../edits.ts';
import { postgres, type Vector } from '../vector.ts';

const NAME = 'public.births_id_seq';
const EXCEEDED = inBoth(['BOUNDARY_EXCEEDED', `after/sequence/${NAME}`]);

/** What a PostgreSQL sequence's definition says about how inserting may move it. */
export const SEQUENCES: readonly Vector[] = [
  postgres('after-sequence-owned-outside-the-boundary', EXCEEDED, (d) =>
    define(d, [
      ['increment', '1'],
      ['owned by', 'public.stock.id a'],
    ]),
  ),
  postgres('after-sequence-against-its-increment', EXCEEDED, (d) => define(d, [['increment', '-1']])),
  postgres('accepted-sequence-of-a-boundary-table', [], (d) =>
    define(d, [
      ['increment', '1'],
      ['owned by', 'public.births.id a'],
    ]),
  ),
  postgres('accepted-sequence-that-descends', [], (d) => {
    define(d, [['increment', '-1']]);
    const moved = (entries: Entry[]): Entry[] => [sequence(NAME, '1', 't'), ...entries.slice(1)];
    d.setAfter(d.editPart(d.after, 'sequence', moved));
    const back = d.leg('T').back;
    if (back) d.leg('T').back = d.editPart(back, 'sequence', moved);
  }),
];

/** Gives the sequence a definition, the same in every state. */
function define(d: Draft, pairs: readonly (readonly [string, string])[]): void {
  const add = (entries: Entry[]): Entry[] => [
    ...entries,
    [encodeKey(['sequence', NAME]), encode(pairs.map(([key, value]) => [key, value]))],
  ];
  const back = d.leg('T').back;
  if (back) d.leg('T').back = d.editPart(back, 'schema', add);
  d.setAfter(d.editPart(d.after, 'schema', add));
  d.setBefore(d.editPart(d.rehearsal.entry, 'schema', add));
}
