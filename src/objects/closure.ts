import { DigestTable } from './digest-table.ts';
import { decodeObject, linksOf } from './kinds.ts';
import type { Link } from './link.ts';
import { item, need, type Walk } from './walk.ts';

/**
 * Links still to be followed, depth first, each object once. A raw link is bytes and leads no further; what was met as raw
 * bytes first is therefore met again when a dag-cbor link leads to the same digest.
 */
export class LinkStack<From> {
  /** What was visited. */
  readonly seen: DigestTable;
  readonly #raw = new Set<string>();
  readonly #stack: { link: Link; from: From }[] = [];

  constructor(seen = new DigestTable()) {
    this.seen = seen;
  }

  push(links: readonly Link[], from: From): void {
    this.#stack.push(...links.map((link) => ({ link, from })).reverse());
  }

  /** The next one, and whether its bytes were visited before. */
  pop(): { link: Link; from: From; again: boolean } | undefined {
    for (let next = this.#stack.pop(); next; next = this.#stack.pop()) {
      const { digest, codec } = next.link;
      const again = this.seen.find(digest) >= 0;
      if (again && !(codec === 'dag-cbor' && this.#raw.delete(digest))) continue;
      this.seen.add(digest);
      if (codec === 'raw') this.#raw.add(digest);
      return { ...next, again };
    }
    return undefined;
  }
}

/**
 * Every object that can be reached from `roots`, each once, parents first. A dag-cbor link must decode as an object of ours.
 * @param seen ids to leave out; the walk adds what it visits.
 */
export function* closure(
  roots: readonly Link[],
  seen?: DigestTable,
): Walk<{ link: Link; bytes: Uint8Array }> {
  const links = new LinkStack<undefined>(seen);
  links.push(roots, undefined);
  for (let next = links.pop(); next; next = links.pop()) {
    const { link, again } = next;
    const bytes = yield* need<{ link: Link; bytes: Uint8Array }>(link.digest);
    if (!again) yield* item({ link, bytes });
    if (link.codec === 'dag-cbor') links.push(linksOf(decodeObject(bytes)), undefined);
  }
}
