import { CustodyError } from '../errors.ts';
import { MAX_OBJECT } from '../objects/codec.ts';
import { digestOf, digestToBytes, parseDigest, type Digest } from '../objects/digest.ts';
import type { Objects } from './evidence.ts';
import type { Judgement } from './judge.ts';
import { HEADER, message, MESSAGES, PROTOCOL, readHeader } from './protocol.ts';

/** The two ends of the process. Each call blocks until all of it is read or written. */
export interface Pipe {
  read(length: number): Uint8Array;
  write(bytes: Uint8Array): void;
}

/**
 * Evidence that is asked for, object by object, and hashed here: who answers is believed in nothing. What was asked for once
 * is kept: checks look at it again.
 */
export class AskedObjects implements Objects {
  readonly subject: Digest;
  readonly #pipe: Pipe;
  readonly #known = new Map<Digest, Uint8Array | undefined>();

  constructor(pipe: Pipe) {
    this.#pipe = pipe;
    const [protocol, subject, ...more] = Buffer.from(this.#next('hello')).toString('latin1').split(' ');
    if (protocol !== PROTOCOL || more.length > 0) throw broken(`not ${PROTOCOL}`);
    this.subject = parseDigest(subject ?? '');
  }

  readonly get = (digest: Digest): Uint8Array => {
    if (!this.#known.has(digest)) this.#known.set(digest, this.#ask(digest));
    const bytes = this.#known.get(digest);
    if (!bytes) throw new CustodyError('OBJECT_MISSING', `object ${digest} is not there`, { path: digest });
    return bytes;
  };

  say(judgement: Judgement): void {
    this.#pipe.write(message('verdict', Buffer.from(JSON.stringify(judgement))));
  }

  #ask(digest: Digest): Uint8Array | undefined {
    this.#pipe.write(message('question', digestToBytes(digest)));
    const bytes = this.#next('object', 'absent');
    if (bytes && digestOf(bytes) !== digest) throw broken(`other bytes than those of ${digest}`);
    return bytes;
  }

  #next(due: 'hello'): Uint8Array;
  #next(due: 'object', or: 'absent'): Uint8Array | undefined;
  #next(due: 'hello' | 'object', or?: 'absent'): Uint8Array | undefined {
    const { length, type } = readHeader(this.#pipe.read(HEADER));
    if (or && type === MESSAGES[or] && length === 0) return undefined;
    if (type !== MESSAGES[due] || length > MAX_OBJECT) throw broken(`no ${due}`);
    return this.#pipe.read(length);
  }
}

/** No fault of the evidence, so no judgement of it. */
function broken(what: string): CustodyError {
  return new CustodyError('INTERNAL', `whoever answers sent ${what}`);
}
