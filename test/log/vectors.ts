import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { ErrorCode } from '../../src/errors.ts';
import { refuses } from '../support/refusals.ts';

/**
 * Vectors under test/vectors/log: one fault a file. They were made without our code, with Python's hashlib and pyca/cryptography, from
 * Certificate Transparency's well-known leaves and the example key of Go's sumdb/note.
 */
export interface LogVector {
  readonly description: string;
  /** The code to be thrown; null where everything is right. */
  readonly code: ErrorCode | null;
}

const ROOT = new URL('../vectors/log/', import.meta.url);

export function readVector(path: string): unknown {
  return JSON.parse(readFileSync(new URL(path, ROOT), 'utf8'));
}

/** Every file in a folder of vectors, so that a new file is a new test. */
export function vectorsIn<T extends LogVector>(folder: string): [name: string, vector: T][] {
  const names = readdirSync(new URL(`${folder}/`, ROOT)).sort();
  return names.map((name) => [name, readVector(`${folder}/${name}`) as T]);
}

/** A throw of ours always says what to do next. */
export function hinted(run: () => unknown, code: ErrorCode | null): void {
  if (code === null) run();
  else expect(refuses(run, code).hint).not.toBe('');
}

export { hex, unhex } from '../objects/support.ts';
