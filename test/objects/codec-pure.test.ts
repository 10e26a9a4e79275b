import { describe, vi } from 'vitest';
import { decode, encode } from '../../src/objects/codec.ts';
import { codecProperties } from './codec-properties.ts';

// The validator's bundle holds cbor-x without its native part (scripts/build.ts): it must read and write the same bytes.
vi.mock('cbor-x', async () => (await import('../../node_modules/cbor-x/index.js')) as object);

describe('codec on cbor-x without native code', () => {
  codecProperties({ encode, decode }, 300);
});
