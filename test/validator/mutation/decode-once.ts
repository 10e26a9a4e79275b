import type * as codecModule from '../../../src/objects/codec.ts';
import type { Value } from '../../../src/objects/codec.ts';

type Codec = typeof codecModule;

/**
 * The codec, which here decodes the same bytes once: thousands of mutants share most of their objects. Nobody changes
 * what was decoded. For `vi.mock`.
 */
export function decodingOnce(codec: Codec): Codec {
  const known = new WeakMap<Uint8Array, Value>();
  return {
    ...codec,
    decode: (bytes, limit) => {
      let value = known.get(bytes);
      if (value === undefined) known.set(bytes, (value = codec.decode(bytes, limit)));
      return value;
    },
  };
}
