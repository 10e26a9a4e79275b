import type { BigIntStats } from 'node:fs';
import type { Isolation } from '../engine.ts';
import type { Witnessed } from './process/child.ts';
import type { Look } from './open-files.ts';

/** What was seen of one clone's file when it was made. */
export interface CloneWitnessed {
  readonly folderPrivate: boolean;
  /** A regular file of its own: no symbolic link, one name, another inode than the source's. */
  readonly notLinked: boolean;
  readonly inode: string;
  /** Uid that owns its folder. */
  readonly owner: string;
  /** Who else had the file open, each time that it was looked at. */
  readonly looks: readonly Look[];
}

export const UNSEEN: CloneWitnessed = {
  folderPrivate: false,
  notLinked: false,
  inode: '',
  owner: '',
  looks: [],
};

/** A regular file with one name that is not the source. */
export function isOwnFile(mine: BigIntStats | undefined, source: BigIntStats | undefined): boolean {
  if (mine === undefined || !mine.isFile() || mine.nlink !== 1n) return false;
  return mine.dev !== source?.dev || mine.ino !== source.ino;
}

export interface Observed {
  readonly workspacePrivate: boolean;
  readonly sourceUnchanged: boolean;
  readonly sourceOpenedReadOnly: boolean;
  readonly imageUnchanged: boolean;
  readonly clones: readonly CloneWitnessed[];
  readonly children: readonly Witnessed[];
  readonly raw: Isolation['raw'];
}

/**
 * The isolation record of a workspace (spec/REHEARSAL.md, "Isolation"). An assertion holds only where it was checked, each time:
 * no clone and no child means that nothing about them was checked, so it does not hold.
 */
export function isolationOf(seen: Observed): Isolation {
  const { clones, children } = seen;
  const every = <T>(list: readonly T[], holds: (item: T) => boolean): boolean =>
    list.length > 0 && list.every(holds);
  const looks = clones.flatMap((clone) => clone.looks);
  const alone = whoElse(looks);
  const assertions: [assertion: string, holds: boolean][] = [
    ['attach-refused', every(children, ({ refused }) => refused.attach)],
    ['child-processes-refused', every(children, ({ refused }) => refused.processes)],
    ['clone-folder-private', seen.workspacePrivate && every(clones, ({ folderPrivate }) => folderPrivate)],
    ['clone-not-linked-to-source', every(clones, ({ notLinked }) => notLinked)],
    ['clone-not-open-elsewhere', alone === undefined],
    ['clone-not-seen-open', every(looks, ({ holders }) => holders.length === 0)],
    ['extensions-refused', every(children, ({ refused }) => refused.extensions)],
    ['file-access-restricted', every(children, ({ refused }) => refused.files)],
    ['image-unchanged', seen.imageUnchanged],
    ['network-isolated', every(children, ({ networkIsolated }) => networkIsolated)],
    ['paths-confined', every(children, ({ pathsConfined }) => pathsConfined)],
    ['source-opened-read-only', seen.sourceOpenedReadOnly],
    ['source-unchanged', seen.sourceUnchanged],
  ];
  return {
    assertions: assertions.map(([assertion, holds]) => ({ assertion, holds })),
    notShown: alone === undefined ? [] : [{ assertion: 'clone-not-open-elsewhere', why: alone }],
    raw: [
      ...seen.raw,
      ['sql-processes', children.map(({ pid }) => pid).join(' ')],
      ['clone-owners', clones.map(({ owner }) => owner).join(' ')],
      ['clone-inodes', clones.map(({ inode }) => inode).join(' ')],
    ],
  };
}

/** Why it is not shown that nobody else had a clone open; undefined where it is. */
function whoElse(looks: readonly Look[]): string | undefined {
  if (looks.length === 0) return 'nobody looked';
  const holders = new Set(looks.flatMap((look) => look.holders));
  const hidden = new Set(looks.flatMap((look) => look.hidden));
  const why = [...Array.from(holders, (who) => `${who} had it open`), ...hidden];
  return why.length === 0 ? undefined : why.join('; ');
}
