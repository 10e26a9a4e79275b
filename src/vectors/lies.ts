import type { Draft } from './draft.ts';

/**
 * What any validator must reject, also one that looks at the legs alone: a rehearsal that is accepted as it is, in which the
 * states of the legs are other ones.
 */
export const LIES: readonly { readonly name: string; readonly change: (draft: Draft) => void }[] = [
  { name: 'no-mutation', change: (d) => d.setAfter(d.rehearsal.entry) },
  { name: 'no-mutation-in-one-leg', change: (d) => void (d.leg('R').after = d.rehearsal.entry) },
  {
    name: 'not-restored',
    change: (d) => {
      d.leg('R').back = d.editRows(d.rehearsal.entry, 'stock', (rows) => rows.slice(1));
    },
  },
  { name: 'applied-state-left', change: (d) => void (d.leg('T').back = d.after) },
];
