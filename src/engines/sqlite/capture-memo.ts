import { CustodyError } from '../../errors.ts';
import type { Digest } from '../../objects/digest.ts';
import type { ObjectSink } from '../../objects/sink.ts';
import type { Captured } from '../engine.ts';
import { hashFile } from './files.ts';

/** Captures a closed file in full. */
export type Capture = (path: string, sink: ObjectSink) => Promise<Captured>;

interface Known {
  readonly captured: Captured;
  /** Two captures in full gave the same snapshot. */
  agreed: boolean;
}

/**
 * A capture is a function of the closed file's bytes and of nothing else. So a file whose bytes were captured into the
 * same sink before is read and hashed, every byte of it, and not read through SQL again. What that rests on is not taken
 * for granted: the same bytes are captured in full twice, and both must give the same snapshot.
 */
export class CaptureMemo {
  readonly #capture: Capture;
  readonly #sinks = new WeakMap<ObjectSink, Map<Digest, Known>>();

  constructor(capture: Capture) {
    this.#capture = capture;
  }

  /** @throws CustodyError ENGINE_FAILED where two captures of the same bytes differ; what {@link Capture} throws. */
  async capture(path: string, sink: ObjectSink): Promise<Captured> {
    const memo = this.#sinks.get(sink) ?? new Map<Digest, Known>();
    this.#sinks.set(sink, memo);
    const bytes = await hashFile(path);
    const known = memo.get(bytes);
    if (known?.agreed === true) return known.captured;
    const captured = await this.#capture(path, sink);
    if (known === undefined) {
      memo.set(bytes, { captured, agreed: false });
      return captured;
    }
    if (!known.captured.snapshot.equals(captured.snapshot)) {
      throw new CustodyError('ENGINE_FAILED', 'two captures of the same bytes gave different snapshots', {
        hint: 'This is a bug: please report it.',
      });
    }
    known.agreed = true;
    return captured;
  }
}
