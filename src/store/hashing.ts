import { CustodyError } from '../errors.ts';
import { MAX_OBJECT } from '../objects/codec.ts';
import { digestOf, type Digest } from '../objects/digest.ts';

/**
 * The one place where objects are hashed (ARCHITECTURE.md, invariant 3), on the way in and on the way out, whatever the backend.
 * Packs are written from {@link HashedObject}s and read as {@link StoredBytes}: the first cannot be made without the
 * check, and the second cannot be opened without it, so no backend and no pack code can forget it.
 */
export class HashedObject {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
  /** Makes the class nominal: nothing of the same shape will do. */
  readonly #checked = true;

  private constructor(digest: Digest, bytes: Uint8Array) {
    this.digest = digest;
    this.bytes = bytes;
  }

  /** @throws OBJECT_TOO_LARGE above 1 MiB, OBJECT_CORRUPT unless `digest` is the SHA-256 of `bytes`. */
  static check(digest: Digest, bytes: Uint8Array): HashedObject {
    if (bytes.length > MAX_OBJECT) {
      throw new CustodyError(
        'OBJECT_TOO_LARGE',
        `an object of ${bytes.length} bytes is above the limit of ${MAX_OBJECT}`,
        {
          path: digest,
          hint: 'Store longer content as a file, in chunks.',
        },
      );
    }
    const actual = digestOf(bytes);
    if (actual !== digest) throw corrupt(digest, actual);
    return new HashedObject(digest, bytes);
  }

  static isChecked(object: HashedObject): boolean {
    return #checked in object;
  }
}

/** Bytes out of a pack that nobody has hashed yet. */
export class StoredBytes {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get length(): number {
    return this.#bytes.length;
  }

  /** @returns a copy of the bytes. @throws OBJECT_CORRUPT unless their SHA-256 is `digest`. */
  open(digest: Digest): Uint8Array {
    const actual = digestOf(this.#bytes);
    if (actual !== digest) throw corrupt(digest, actual);
    return new Uint8Array(this.#bytes);
  }

  matches(digest: Digest): boolean {
    return digestOf(this.#bytes) === digest;
  }
}

function corrupt(digest: Digest, actual: Digest): CustodyError {
  return new CustodyError('OBJECT_CORRUPT', `the bytes of object ${digest} have the SHA-256 ${actual}`, {
    path: digest,
    hint: 'Run custody fsck; committing the same content again replaces the damaged copy.',
  });
}
