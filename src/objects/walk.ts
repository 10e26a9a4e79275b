import { isCustodyError } from '../errors.ts';
import type { Digest } from './digest.ts';

/**
 * A walk over stored objects that does no I/O itself: it asks for an object's bytes and is resumed with them, so that
 * one implementation serves the validator (everything in memory, synchronous) and the store (asynchronous).
 *
 *   function* walk(id): Walk<Row> { const bytes = yield need(id); … yield item(row); }
 */
export type WalkStep<T> = { readonly need: Digest } | { readonly item: T };
export type Walk<T, R = void> = Generator<WalkStep<T>, R, Uint8Array | undefined>;

/** The bytes of `id`: use as `const bytes = yield* need(id)`. */
export function* need<T>(id: Digest): Walk<T, Uint8Array> {
  const bytes = yield { need: id };
  return bytes!;
}

/** Gives one result to whoever drives the walk: `yield* item(x)`. */
export function* item<T>(value: T): Walk<T> {
  yield { item: value };
}

/** Runs a walk inside another. What `use` does with an item may be a walk itself. */
export function* each<A, T>(walk: Walk<A, unknown>, use: (item: A) => Walk<T> | undefined): Walk<T> {
  let step = walk.next();
  while (!step.done) {
    if ('need' in step.value) step = walk.next(yield step.value);
    else {
      const inner = use(step.value.item);
      if (inner) yield* inner;
      step = walk.next();
    }
  }
}

/** Runs a walk inside another and gathers its items: for lists that are small. */
export function* collect<A, T>(walk: Walk<A, unknown>): Walk<T, A[]> {
  const items: A[] = [];
  yield* each<A, T>(walk, (one) => void items.push(one));
  return items;
}

/** Drives a walk with a synchronous source. Errors of `get` go to the caller; the walk ends there. */
export function* driveSync<T, R>(walk: Walk<T, R>, get: (id: Digest) => Uint8Array): Generator<T, R> {
  let step = walk.next();
  while (!step.done) {
    if ('need' in step.value) step = walk.next(get(step.value.need));
    else {
      yield step.value.item;
      step = walk.next();
    }
  }
  return step.value;
}

/** So many steps run before timers and signals get their turn: objects from a cache never leave the microtasks. */
const STEPS = 256;

/** Drives a walk with an asynchronous source. */
export async function* driveAsync<T, R>(
  walk: Walk<T, R>,
  get: (id: Digest) => Promise<Uint8Array>,
  options: { signal?: AbortSignal } = {},
): AsyncGenerator<T, R> {
  let step = walk.next();
  for (let steps = 1; !step.done; steps++) {
    if (steps % STEPS === 0) await new Promise((resolve) => setImmediate(resolve));
    options.signal?.throwIfAborted();
    if ('need' in step.value) step = walk.next(await get(step.value.need));
    else {
      yield step.value.item;
      step = walk.next();
    }
  }
  return step.value;
}

/** Runs a walk for its result alone, with a synchronous source. */
export function resultOf<R>(walk: Walk<unknown, R>, get: (id: Digest) => Uint8Array): R {
  const driven = driveSync(walk, get);
  let step = driven.next();
  while (!step.done) step = driven.next();
  return step.value;
}

/** {@link resultOf} with an asynchronous source. */
export async function resultOfAsync<R>(
  walk: Walk<unknown, R>,
  get: (id: Digest) => Promise<Uint8Array>,
  options: { signal?: AbortSignal } = {},
): Promise<R> {
  const driven = driveAsync(walk, get, options);
  let step = await driven.next();
  while (!step.done) step = await driven.next();
  return step.value;
}

/** Where the objects of a ledger, or of several, are had from. */
export type Get = (id: Digest) => Promise<Uint8Array>;

/** From `a`, or where it has no such object from `b`: each side of a comparison may live in a store of its own. */
export function eitherStore(a: Get, b: Get): Get {
  return async (id) => {
    try {
      return await a(id);
    } catch (error) {
      // Damage and I/O are no absence: the other's copy would hide them.
      if (isCustodyError(error, 'OBJECT_MISSING')) return b(id);
      throw error;
    }
  };
}
