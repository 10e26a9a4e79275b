import { describe, expect, it } from 'vitest';
import { isCustodyError } from '../../src/errors.ts';
import type { Boundary, Workspace } from '../../src/engines/engine.ts';
import { sqliteEngine } from '../../src/engines/sqlite/index.ts';
import { MemoryObjects } from '../../src/objects/memory-objects.ts';
import { useFolder } from './ledgers.ts';
import { buildRandom, describeState, Dice, moreInserts, randomDatabase } from './random-database.ts';

const folder = useFolder();

/** What a leg ended in: the state inside, or the code that the engine refused the script with. */
type Outcome = { after: string } | { code: string };

/** Leg T and leg R as a rehearsal runs them, through the engine's interface alone. */
async function leg(
  which: 'T' | 'R',
  workspace: Workspace,
  script: string,
  boundary: Boundary,
): Promise<Outcome> {
  await using clone = await workspace.restore(which);
  const sink = new MemoryObjects();
  const before = await clone.capture(sink);
  let outcome: Outcome;
  {
    await using session = await clone.open();
    await session.begin();
    try {
      await session.apply(Buffer.from(script), boundary);
      outcome = { after: (await session.capture(sink)).snapshot.digest };
    } catch (error) {
      if (!isCustodyError(error)) throw error;
      outcome = { code: error.code };
    }
    if (which === 'T' || 'code' in outcome) await session.rollback();
    else await session.commit();
    expect(await session.inTransaction()).toBe(false);
  }
  if (which === 'R' && 'after' in outcome)
    expect((await clone.capture(sink)).snapshot.digest).toBe(outcome.after);
  if (which === 'R') await clone.reset();
  const back = await clone.capture(sink);
  expect(back.snapshot.digest).toBe(before.snapshot.digest);
  expect(back.tables).toEqual(before.tables);
  expect(await clone.identical()).toBe(true);
  if ('after' in outcome) expect(outcome.after).not.toBe(before.snapshot.digest);
  return outcome;
}

const seen = { applied: 0, refused: 0 };

describe.each(Array.from({ length: 40 }, (_, i) => 70_001 + i))('random database, seed %i', (seed) => {
  it('both ways back are exact, both legs see the same, the source is untouched', async () => {
    const dice = new Dice(seed);
    const database = randomDatabase(dice, { maxRows: 200 });
    const journal = dice.pick(['delete', 'wal', 'truncate']);
    const pageSize = dice.pick([512, 4096, 65_536]);
    const path = buildRandom(folder.file(`${seed}.sqlite`), database, dice, {
      order: 'shuffled',
      journal,
      pageSize,
    });
    const state = describeState(path, database);
    const names = [
      ...database.tables.map(({ plainName }) => plainName),
      ...database.tables.map((_, i) => `log${i}`),
    ];
    const inserts = moreInserts(dice, database);
    // Now and then a statement that the boundary refuses, or that fails halfway.
    if (dice.chance(9)) inserts.push(`DELETE FROM ${database.tables[0]!.name}`);
    if (dice.chance(9)) inserts.push('INSERT INTO nowhere VALUES (1)');
    if (dice.chance(9)) inserts.push(inserts[0]!);
    const script = dice.chance(50)
      ? `BEGIN;\n${inserts.join(';\n')};\nCOMMIT;\n`
      : `${inserts.join(';\n')};\n`;
    const options = { session: dice.chance(50) ? [['cache_size', '10'] as const] : [], timeLimit: 30_000 };
    {
      await using workspace = await sqliteEngine.prepare({ file: path }, options);
      const boundary: Boundary = { insert: names, update: [], delete: [], counters: false };
      const t = await leg('T', workspace, script, boundary);
      expect(await leg('R', workspace, script, boundary)).toEqual(t);
      seen['after' in t ? 'applied' : 'refused']++;
      for (const { assertion, holds } of (await workspace.isolation()).assertions)
        expect(holds, assertion).toBe(true);
    }
    expect(describeState(path, database)).toBe(state);
  });
});

it('most scripts were applied, and some were refused: neither way back was tested on nothing', () => {
  expect(seen.applied).toBeGreaterThan(20);
  expect(seen.refused).toBeGreaterThan(3);
});
