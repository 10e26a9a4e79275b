import { spawnSync } from 'node:child_process';
import { utimesSync } from 'node:fs';
import { identityOf, type ProcessIdentity } from '../../src/system/process-identity.ts';

const self = identityOf(process.pid) ?? { pid: process.pid, start: '0', world: '0'.repeat(16) };

/** Processes as makers of temporary files, and whether their work may be removed at once. */
export const MAKERS: readonly (readonly [what: string, maker: ProcessIdentity, gone: boolean])[] = [
  ['this process', self, false],
  ['a process that has ended', { ...self, pid: spawnSync(process.execPath, ['-e', '']).pid }, true],
  ['an earlier process with this number', { ...self, start: '1' }, true],
  ['a process of another world', { ...self, world: '0123456789abcdef' }, false],
];

export const ENDED = MAKERS[1]![1];
export const ELSEWHERE = MAKERS[3]![1];

/** The temporary name of what a process makes. */
export function temporaryOf({ pid, start, world }: ProcessIdentity, kind = 'file'): string {
  return `.custody-${kind}-${pid}-${start}-${world}-0123456789abcdef.tmp`;
}

/** Says of a file that it was touched so many hours ago. */
export function lay(path: string, hours: number): void {
  const since = Date.now() / 1000 - hours * 3600;
  utimesSync(path, since, since);
}
