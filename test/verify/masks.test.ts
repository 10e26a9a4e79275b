import { describe, expect, it } from 'vitest';
import { nodeLink } from '../../src/objects/link.ts';
import { MASKED } from '../../src/objects/rows/masked.ts';
import { multisetEntries } from '../../src/objects/rows/multiset.ts';
import { Draft } from '../../src/vectors/draft.ts';
import { engineRow } from '../../src/vectors/states.ts';
import { controlOf } from '../../src/vectors/vectors.ts';
import { ObjectsCheck } from '../../src/verify/objects.ts';

/** What level `objects` finds in what this makes of a control. */
async function found(control: 'sqlite' | 'postgres', edit: (draft: Draft) => void): Promise<string[]> {
  const draft = new Draft(controlOf(control));
  edit(draft);
  const { subject, objects } = draft.build();
  const check = new ObjectsCheck({ get: async (id) => objects.get(id) });
  await check.reach([nodeLink(subject)], 'subject');
  return check.findings.map(({ code }) => code);
}

describe('a masked value that its table does not name', () => {
  it('is none in a control, whose after-state has masks', async () => {
    for (const control of ['sqlite', 'postgres'] as const)
      expect(await found(control, () => undefined)).toEqual([]);
  });

  it.each(['sqlite', 'postgres'] as const)('in a row that no state changed: %s', async (engine) => {
    const name = engine === 'sqlite' ? 'stock' : 'public.stock';
    const codes = await found(engine, (d) =>
      d.setBefore(
        d.editRows(d.rehearsal.entry, name, ([first, ...rest]) => [
          [first![0], engineRow(engine, [0n, MASKED])],
          ...rest,
        ]),
      ),
    );
    expect(codes).toEqual(['OBJECT_INVALID']);
  });

  it('in a multiset', async () => {
    const codes = await found('sqlite', (d) =>
      d.setBefore(
        d.editRows(d.rehearsal.entry, 'notes', () => multisetEntries([engineRow('sqlite', [MASKED])])),
      ),
    );
    expect(codes).toEqual(['OBJECT_INVALID']);
  });

  it('in a column beside the one that it names', async () => {
    const codes = await found('sqlite', (d) =>
      d.setAfter(d.editTable(d.after, 'births', (table) => void (table.masked = ['name']))),
    );
    expect(codes).toEqual(['OBJECT_INVALID']);
  });
});
