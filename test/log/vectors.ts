import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { CustodyError } from '../../src/errors.ts';
import type { ErrorCode } from '../../src/errors.ts';

/**
 * Vectors under test/vectors/log: one fault a file. They were made without our code, with Python's hashlib and pyca/cryptography, from
 * Certificate Transparency's well-known leaves and the example key of Go's sumdb/note.
 */
export interface Vector {
  readonly description: string;
  /** The code to be thrown; null where everything is right. */
  readonly code: ErrorCode | null;
}

const ROOT = new URL('../vectors/log/', import.meta.url);

export function readVector(path: string): unknown {
  return JSON.parse(readFileSync(new URL(path, ROOT), 'utf8'));
}

/** Every file in a folder of vectors, so that a new file is a new test. */
export function vectorsIn<T extends Vector>(folder: string): [name: string, vector: T][] {
  const names = readdirSync(new URL(`${folder}/`, ROOT)).sort();
  return names.map((name) => [name, readVector(`${folder}/${name}`) as T]);
}

/** The code that `run` throws, or null. An error of another class passes through. */
export function codeOf(run: () => unknown): ErrorCode | null {
  try {
    run();
    return null;
  } catch (error) {
    if (error instanceof CustodyError) return error.code;
    throw error;
  }
}

/** A throw of ours always says what to do next. */
export function expectCode(run: () => unknown, code: ErrorCode | null): void {
  expect(codeOf(run)).toBe(code);
  if (code === null) return;
  try {
    run();
  } catch (error) {
    expect((error as CustodyError).hint).not.toBe('');
  }
}

export const unhex = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
