import { CustodyError, isCustodyError } from '../errors.ts';
import { decode } from '../objects/codec.ts';
import { digestFromBytes, type Digest } from '../objects/digest.ts';
import { linksOf, type AnyObject } from '../objects/kinds.ts';
import { nodeLink, type Link } from '../objects/link.ts';
import { HEADER, MAX_VERDICT, MESSAGES, message, readHeader } from '../validator/protocol.ts';

/** Where the host has objects from; they were hashed. @throws CustodyError OBJECT_MISSING for what is not there. */
export type Answers = (id: Digest) => Uint8Array | Promise<Uint8Array>;

/**
 * Answers what may be asked: the subject, and what an earlier answer links. So a verdict depends on the subject alone, and
 * not on what else the ledger holds.
 */
export class Questions {
  readonly #get: Answers;
  /** What may be asked, and whether a link says that it is an object, whose own links count. */
  readonly #linked = new Map<Digest, Link['codec']>();
  readonly #answered = new Set<Digest>();

  constructor(subject: Digest, get: Answers) {
    this.#get = get;
    this.#add([nodeLink(subject)]);
  }

  /** @returns the message that answers, and how many bytes it gives that were not given before. */
  async answer(digest: Digest): Promise<{ answer: Buffer; fresh: number }> {
    const bytes = this.#linked.has(digest) ? await this.#read(digest) : undefined;
    if (!bytes) return { answer: message('absent', new Uint8Array()), fresh: 0 };
    const fresh = this.#answered.has(digest) ? 0 : bytes.length;
    if (fresh > 0) await this.#open(digest, bytes);
    return { answer: message('object', bytes), fresh };
  }

  /** Links of what was answered; also of raw bytes that turn out to be an object once another one links them as one. */
  async #open(digest: Digest, bytes: Uint8Array): Promise<void> {
    this.#answered.add(digest);
    if (this.#linked.get(digest) === 'raw') return;
    for (const again of this.#add(linksIn(bytes))) {
      const known = await this.#read(again);
      if (known) await this.#open(again, known);
    }
  }

  /** @returns those that were answered as raw bytes. */
  #add(links: readonly Link[]): Digest[] {
    return links.flatMap(({ digest, codec }) => {
      const known = this.#linked.get(digest);
      if (known === 'dag-cbor' || known === codec) return [];
      this.#linked.set(digest, codec);
      return this.#answered.has(digest) ? [digest] : [];
    });
  }

  async #read(digest: Digest): Promise<Uint8Array | undefined> {
    try {
      return await this.#get(digest);
    } catch (error) {
      if (isCustodyError(error, 'OBJECT_MISSING')) return undefined;
      throw error;
    }
  }
}

/** Of whatever kind; what is no strict DAG-CBOR links nothing. */
function linksIn(bytes: Uint8Array): Link[] {
  try {
    return linksOf(decode(bytes) as unknown as AnyObject);
  } catch (error) {
    if (isCustodyError(error)) return [];
    throw error;
  }
}

export type Said = { readonly question: Digest } | { readonly verdict: Uint8Array };

/** Reads what a validator says out of pieces of any size. @throws CustodyError VALIDATOR_FAILED for what is no message. */
export class SaidReader {
  #pending: Uint8Array = new Uint8Array();

  *add(piece: Uint8Array): Generator<Said> {
    this.#pending = this.#pending.length === 0 ? piece : Buffer.concat([this.#pending, piece]);
    while (this.#pending.length >= HEADER) {
      const { length, type } = readHeader(this.#pending);
      const question = type === MESSAGES.question && length === 32;
      if (!question && !(type === MESSAGES.verdict && length <= MAX_VERDICT))
        throw noJudgement('it wrote what is neither a question nor a verdict');
      if (this.#pending.length < HEADER + length) return;
      const body = this.#pending.subarray(HEADER, HEADER + length);
      this.#pending = this.#pending.subarray(HEADER + length);
      yield question ? { question: digestFromBytes(body) } : { verdict: body };
    }
  }

  /** Whether it stopped in the middle of a message. */
  get cut(): boolean {
    return this.#pending.length > 0;
  }
}

export function noJudgement(what: string, cause?: unknown): CustodyError {
  return new CustodyError('VALIDATOR_FAILED', `the validator did not judge: ${what}`, {
    cause,
    hint: 'custody validator selftest tries the pinned validators; custody fsck checks their bytes.',
  });
}
