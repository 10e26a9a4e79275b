import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it, vi } from 'vitest';
import type { Session } from '../../src/engines/engine.ts';
import { digestOf } from '../../src/objects/digest.ts';
import { children } from '../engines/sqlite/helpers.ts';
import type { Saboteur } from './harness.ts';
import { drill, ROLLBACK, useStage, type Drilled, type Setting } from './scene.ts';

vi.mock(import('../../src/engines/sqlite/process/sandbox.ts'), async (load) =>
  (await import('./system.ts')).sandbox(load),
);

const stage = useStage();

/** kill -9 of the one process that runs SQL now. */
function killSession(): void {
  const pids = children();
  expect(pids).toHaveLength(1);
  for (const pid of pids) process.kill(pid, 'SIGKILL');
}

/** The process dies before COMMIT reaches it. */
const beforeCommit = (real: Session): Partial<Session> => ({
  commit: async () => {
    killSession();
    await real.commit();
  },
});

/** The process dies after COMMIT, before anybody could ask whether that worked. */
const afterCommit = (real: Session): Partial<Session> => ({
  inTransaction: async () => {
    killSession();
    return await real.inTransaction();
  },
});

const at =
  (leg: 'T' | 'R' | 'S', session: number, act: (real: Session) => Partial<Session>) => (): Saboteur => ({
    on: leg,
    session: (real, { sessions }) => (sessions === session ? act(real) : {}),
  });

const DEATHS: [name: string, leg: string, births: number, saboteur: () => Saboteur, setting?: Setting][] = [
  ['at COMMIT', 'R', 2, at('R', 1, beforeCommit)],
  ['right after COMMIT', 'R', 4, at('R', 1, afterCommit)],
  ['after ROLLBACK', 'T', 2, at('T', 1, afterCommit)],
  ['at the COMMIT of the rollback script', 'S', 4, at('S', 2, beforeCommit), { rollback: ROLLBACK }],
];

describe('a session that is killed', () => {
  it.each(DEATHS)(
    '%s leaves a clone that is kept and never used again',
    async (_, leg, births, saboteur, setting) => {
      const scene = stage.set(setting);
      const drilled = await drill(scene, saboteur());
      expect(drilled.hits).toBeGreaterThan(0);
      const last = drilled.legs.at(-1);
      expect(last).toMatchObject({ leg, ended: 'failed', quarantined: true, identical: null });
      expect(last?.back).toBeUndefined();
      expect(drilled.found).toEqual(
        expect.arrayContaining([
          `CLONE_QUARANTINED legs/${leg}`,
          `CLONE_QUARANTINED legs/${leg}/clone`,
          `ROLLBACK_UNCOMPARED legs/${leg}/back`,
        ]),
      );
      const kept = last!.kept!;
      expect(drilled.run.isolation).toContainEqual([`quarantined-${leg}`, kept]);
      checkKept(scene.file('quarantine'), kept, leg);
      // What is kept shows why nobody could say: the change is there, or it is not.
      expect(birthsIn(kept)).toBe(births);

      const digest = digestOf(readFileSync(join(kept, 'clone.db')));
      const next = await drill(scene, { on: 'R' });
      expect(next.found).toEqual([]);
      expect(inodesOf(next).slice(inodesOf(drilled).length)).not.toContain(inodeOf(join(kept, 'clone.db')));
      expect(readdirSync(scene.file('quarantine'))).toHaveLength(1);
      expect(digestOf(readFileSync(join(kept, 'clone.db')))).toBe(digest);
    },
  );
});

/** The folder is ours alone, the clone is named for its leg, and a note says why it is there. */
function checkKept(folder: string, kept: string, leg: string): void {
  expect(kept.startsWith(join(folder, `sqlite-${leg}-`))).toBe(true);
  for (const path of [folder, kept]) expect(statSync(path).mode & 0o777).toBe(0o700);
  expect(readdirSync(kept)).toEqual(expect.arrayContaining(['QUARANTINE.txt', 'clone.db']));
  const note = join(kept, 'QUARANTINE.txt');
  expect(readFileSync(note, 'utf8')).toContain(`leg ${leg}`);
  expect(statSync(note).mode & 0o777).toBe(0o600);
}

/** With whatever the process that died left beside the file taken into account. */
function birthsIn(kept: string): unknown {
  const copy = new Database(join(kept, 'clone.db'));
  try {
    return copy.prepare('SELECT count(*) FROM births').pluck().get();
  } finally {
    copy.close();
  }
}

function inodeOf(path: string): string {
  const { dev, ino } = statSync(path, { bigint: true });
  return `${dev}:${ino}`;
}

function inodesOf({ run }: Drilled): string[] {
  return run.isolation.filter(([name]) => name === 'clone-inodes').flatMap(([, value]) => value.split(' '));
}
