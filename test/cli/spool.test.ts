import { chmodSync, mkdirSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { closure } from '../../src/objects/closure.ts';
import type { Digest } from '../../src/objects/digest.ts';
import { decodeKind, linksOf } from '../../src/objects/kinds.ts';
import { driveAsync } from '../../src/objects/walk.ts';
import { Desk } from './desk.ts';
import { writePlan } from './plans.ts';
import type { RehearseResult } from '../../src/workflows/rehearse.ts';

async function prepared(): Promise<Desk> {
  const desk = new Desk();
  await desk.init();
  writePlan(desk);
  return desk;
}

/** Every file of the ledger's packs, those under temporary names too. */
const packs = (desk: Desk): string[] => readdirSync(desk.path('.custody/packs')).sort();

describe('what a rehearsal captures into the ledger', () => {
  it('is gone where the plan is refused after the before-state was captured', async () => {
    using desk = await prepared();
    const before = packs(desk);
    desk.write('change.sql', 'DROP TABLE posts;\n');
    await desk.fails(['rehearse', 'plan.yaml'], 'BOUNDARY_VIOLATED', 3);
    expect(packs(desk)).toEqual(before);
  });

  it('is gone where --out cannot be written, and nothing is recorded', async () => {
    using desk = await prepared();
    const before = packs(desk);
    desk.write('file', 'not a folder');
    await desk.fails(['rehearse', 'plan.yaml', '--out', 'file/packet'], 'PATH_NOT_A_FOLDER', 2);
    // A path has at most 4,096 bytes: the folder can be made, and what is written into it cannot.
    let deep = desk.path('deep');
    while (deep.length < 3_750) deep += `/${'d'.repeat(240)}`;
    deep += `/${'e'.repeat(4_000 - deep.length)}`;
    mkdirSync(deep, { recursive: true });
    await desk.fails(['rehearse', 'plan.yaml', '--out', `${deep}/packet`], 'PATH_NOT_FOUND', 2);
    expect([packs(desk), readdirSync(deep)]).toEqual([before, []]);
  });

  it('is what the record and its checkpoint reach, and nothing else', async () => {
    using desk = await prepared();
    await desk.json(['rehearse', 'plan.yaml']);
    await using ledger = await desk.ledger();
    const get = (id: Digest): Promise<Uint8Array> => ledger.store.get(id);
    const left = new Set<Digest>();
    for await (const { digest } of ledger.store.list()) left.add(digest);
    const head = await ledger.head();
    const roots = linksOf(decodeKind('checkpoint', head.checkpoint!));
    for await (const { record } of ledger.records(head)) roots.push(record.entry);
    for await (const reached of driveAsync(closure(roots), get)) left.delete(reached.link.digest);
    expect([...left]).toEqual([]);
  });

  it('gives one seal with --out and without, into a new folder and an empty one', async () => {
    using desk = await prepared();
    const { rehearsal, seal } = await desk.json<RehearseResult>(['rehearse', 'plan.yaml']);
    mkdirSync(desk.path('empty'));
    chmodSync(desk.path('empty'), 0o750);
    for (const out of ['new/packet', 'empty']) {
      const ids = await desk.json<RehearseResult>(['rehearse', 'plan.yaml', '--out', out]);
      expect({ rehearsal: ids.rehearsal, seal: ids.seal }).toEqual({ rehearsal, seal });
      await desk.json(['verify', out, '--expect', seal]);
    }
    expect(readdirSync(desk.path('new'))).toEqual(['packet']);
  });
});
