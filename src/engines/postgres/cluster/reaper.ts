import { existsSync } from 'node:fs';
import { removeFolder } from '../../../system/temporary-folder.ts';
import { moveData } from './quarantine.ts';

/** What must not outlive this process: a server of ours and its folder. */
export interface Mortal {
  readonly pid: number | undefined;
  readonly folder: string;
  /** Exists as long as the server runs. */
  readonly lockFile: string;
  /** What is moved away before the folder is removed, and where to (quarantine.ts). */
  readonly kept?: { readonly dataFolder: string; readonly path: string } | undefined;
}

const living = new Set<Mortal>();
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** From now on the process does not end without ending `mortal` first, whatever ends it (but SIGKILL). */
export function guard(mortal: Mortal): void {
  if (living.size === 0) {
    process.on('exit', reapAll);
    for (const signal of SIGNALS) process.on(signal, onSignal);
  }
  living.add(mortal);
}

export function unguard(mortal: Mortal): void {
  if (!living.delete(mortal) || living.size > 0) return;
  process.off('exit', reapAll);
  for (const signal of SIGNALS) process.off(signal, onSignal);
}

/** A signal that somebody else handles is theirs: they end the process, and `exit` comes here. */
function onSignal(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return;
  reapAll();
  process.off(signal, onSignal);
  process.kill(process.pid, signal);
}

function reapAll(): void {
  for (const mortal of living) reap(mortal);
  living.clear();
}

/**
 * Synchronous, for the last moments of a process: SIGQUIT makes a postmaster end its children and leave at once; data that
 * is kept is closed cleanly (SIGINT) where that takes no longer than it may. Data that cannot be moved stays in its folder.
 */
export function reap({ pid, folder, lockFile, kept }: Mortal): void {
  if (pid !== undefined) {
    if (kept) signalled(pid, 'SIGINT', lockFile, 1_000);
    if (existsSync(lockFile)) signalled(pid, 'SIGQUIT', lockFile, 300);
    if (existsSync(lockFile)) signalTo(pid, 'SIGKILL');
  }
  try {
    if (kept) moveData(kept.dataFolder, kept.path);
  } catch {
    return; // the note says where it is
  }
  removeFolder(folder);
}

/** Waits until the server has left, for up to `rounds` hundredths of a second. */
function signalled(pid: number, signal: NodeJS.Signals, lockFile: string, rounds: number): void {
  if (!signalTo(pid, signal)) return;
  for (let i = 0; i < rounds && existsSync(lockFile); i++) sleep(10);
}

export function signalTo(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false; // it has ended already, and its number may be another's now
  }
}

function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
