import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Backend } from '../../src/store/backend.ts';
import { FsBackend } from '../../src/store/fs.ts';
import { MemoryBackend } from '../../src/store/memory.ts';
import { makeTestFolder } from '../support/folder.ts';

/** One place where a ledger's bytes are; a backend can be opened on it again and again. */
export interface Harness {
  open(): Backend;
  /** Writes a file behind the backend's back; null removes it. */
  tamper(name: string, bytes: Uint8Array | null): void;
  /** Where the folder is, if it is one. */
  readonly dir: string | null;
  dispose(): void;
}

export function memoryHarness(options?: { syncReads?: boolean }): Harness {
  const backend = new MemoryBackend(options);
  return {
    open: () => backend,
    tamper: (name, bytes) => backend.tamper(name, bytes),
    dir: null,
    dispose: () => undefined,
  };
}

export function fsHarness(): Harness {
  const dir = makeTestFolder('store');
  FsBackend.create(dir);
  return {
    open: () => FsBackend.open(dir),
    tamper: (name, bytes) => tamperFile(join(dir, name), bytes),
    dir,
    dispose: () => rmSync(dir, { recursive: true, force: true }),
  };
}

export function tamperFile(path: string, bytes: Uint8Array | null): void {
  if (bytes === null) {
    rmSync(path, { recursive: true, force: true });
    return;
  }
  mkdirSync(dirname(path), { recursive: true });
  try {
    chmodSync(path, 0o644);
  } catch {
    // It is new.
  }
  writeFileSync(path, bytes);
}

/** The whole file, through the backend. */
export async function readAll(backend: Backend, name: string): Promise<Uint8Array> {
  const size = await backend.size(name);
  if (size === null) throw new Error(`${name} is not there`);
  return backend.readRange(name, 0, size);
}

export async function listAll(backend: Backend, prefix: 'packs/' | 'heads/'): Promise<string[]> {
  return gathered(backend.list(prefix));
}

export async function gathered<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

export function flipped(bytes: Uint8Array, at: number, mask = 1): Uint8Array {
  const copy = new Uint8Array(bytes);
  copy[at]! ^= mask;
  return copy;
}
