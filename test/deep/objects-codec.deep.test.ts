import { describe } from 'vitest';
import { decode, encode } from '../../src/objects/codec.ts';
import { codecProperties } from '../objects/codec-properties.ts';

describe('codec, many runs', () => {
  codecProperties({ encode, decode }, 20_000);
});
