import { isDamage } from '../errors.ts';
import { finding, type Finding } from '../finding.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { checkBundle, type Head } from '../ledger/log-state.ts';
import { Frontier } from '../log/frontier.ts';
import { TILE_WIDTH } from '../log/tile.ts';
import { equalHashes, leafHash, rootOf, type Hash } from '../log/tree-hash.ts';
import { digestOf, type Digest } from '../objects/digest.ts';
import { decodeKind, type ObjectOf } from '../objects/kinds.ts';
import type { Link } from '../objects/link.ts';

export interface ChainReport {
  /** Records that were read and are good. */
  readonly records: number;
  readonly findings: readonly Finding[];
  /** Entries that the readable records name, oldest first. */
  readonly entries: readonly { readonly index: number; readonly entry: Link }[];
}

/**
 * Reads the whole log, oldest first: every bundle, tile and record, every link from record to record, and the root of
 * the tree over all of them. It goes on after damage and reports all of it.
 */
export async function verifyChain(
  ledger: Ledger,
  head: Head,
  options: { signal?: AbortSignal } = {},
): Promise<ChainReport> {
  const walk = new ChainWalk(ledger, options.signal);
  const rows = head.full.map((row, level) => ({ row, level })).reverse();
  let first = 0;
  for (const { row, level } of rows) {
    for (const [bundle, tile, hash] of row) {
      await walk.tile(bundle, tile, hash, level, first);
      first += TILE_WIDTH ** (level + 1);
    }
  }
  head.tail.forEach((bytes) => walk.record(bytes));
  return walk.finish(head);
}

class ChainWalk {
  readonly #ledger: Ledger;
  readonly #signal: AbortSignal | undefined;
  readonly #findings: Finding[] = [];
  readonly #entries: { index: number; entry: Link }[] = [];
  readonly #frontier = Frontier.empty();
  #previous: Digest | undefined;
  #index = 0;
  #good = 0;
  #gap = false;

  constructor(ledger: Ledger, signal: AbortSignal | undefined) {
    this.#ledger = ledger;
    this.#signal = signal;
  }

  /** A full tile: its bundle, its hashes, its root, and everything below. */
  async tile(bundleLink: Link, tileLink: Link, hash: Hash, level: number, first: number): Promise<void> {
    this.#signal?.throwIfAborted();
    const path = `bundles/${level}/${first / TILE_WIDTH ** (level + 1)}`;
    const bundle = await this.#read('bundle', bundleLink, path);
    if (!bundle) {
      this.#skip(TILE_WIDTH ** (level + 1));
      return;
    }
    try {
      checkBundle(bundle, bundleLink, level, first);
    } catch (error) {
      this.#add('BUNDLE_DAMAGED', path, error);
      this.#skip(TILE_WIDTH ** (level + 1));
      return;
    }
    const hashes: Hash[] = [];
    for (const [i, entry] of bundle.entries.entries()) {
      if (entry instanceof Uint8Array) {
        hashes.push(leafHash(entry));
        this.record(entry);
      } else {
        hashes.push(entry[2]);
        await this.tile(entry[0], entry[1], entry[2], level - 1, first + i * TILE_WIDTH ** level);
      }
    }
    await this.#checkTile(tileLink, hashes, level, first, path);
    if (!equalHashes(rootOf(hashes), hash))
      this.#findings.push(finding('TILE_WRONG', path, 'the root of this tile is not the one that is listed'));
  }

  async #checkTile(
    link: Link,
    hashes: readonly Hash[],
    level: number,
    first: number,
    path: string,
  ): Promise<void> {
    const tile = await this.#read('tile', link, path);
    if (!tile) return;
    const wanted = Buffer.concat(hashes);
    if (
      tile.level !== level ||
      tile.index !== first / TILE_WIDTH ** (level + 1) ||
      Buffer.compare(wanted, tile.hashes) !== 0
    ) {
      this.#findings.push(
        finding('TILE_WRONG', path, `tile ${link.digest} does not hold the hashes of its records`),
      );
    }
  }

  record(bytes: Uint8Array): void {
    const index = this.#index++;
    const path = `records/${index}`;
    this.#frontier.append(leafHash(bytes));
    const id = digestOf(bytes);
    try {
      const record = decodeKind('record', bytes, id);
      let good = true;
      if (record.index !== index) {
        this.#findings.push(finding('RECORD_INDEX_WRONG', path, `it says that it is record ${record.index}`));
        good = false;
      }
      const linked = record.previous?.digest;
      // After a gap the record before is not known.
      if (!(this.#gap && index > 0) && linked !== this.#previous) {
        this.#findings.push(finding('RECORD_CHAIN_BROKEN', path, 'it does not name the record before it'));
        good = false;
      }
      this.#entries.push({ index, entry: record.entry });
      if (good) this.#good++;
    } catch (error) {
      this.#add('RECORD_DAMAGED', path, error);
    }
    this.#previous = id;
    this.#gap = false;
  }

  finish(head: Head): ChainReport {
    const complete =
      this.#index === head.size && !this.#findings.some(({ code }) => code === 'BUNDLE_DAMAGED');
    if (complete && !equalHashes(this.#frontier.root(), head.root)) {
      this.#findings.push(
        finding('LOG_ROOT_WRONG', 'heads/main', 'the records do not have the root that the head names'),
      );
    }
    if (this.#index !== head.size)
      this.#findings.push(
        finding('LOG_ROOT_WRONG', 'heads/main', `${this.#index} records, not ${head.size}`),
      );
    // The next record would name it.
    if (!this.#gap && this.#previous !== head.last?.digest)
      this.#findings.push(
        finding('RECORD_CHAIN_BROKEN', 'heads/main', 'the head names another last record than the log has'),
      );
    return { records: this.#good, findings: this.#findings, entries: this.#entries };
  }

  async #read<K extends 'bundle' | 'tile'>(
    kind: K,
    link: Link,
    path: string,
  ): Promise<ObjectOf<K> | undefined> {
    try {
      return decodeKind(kind, await this.#ledger.get(link.digest), link.digest);
    } catch (error) {
      this.#add(kind === 'bundle' ? 'BUNDLE_DAMAGED' : 'TILE_WRONG', path, error);
      return undefined;
    }
  }

  /** Records that cannot be read: the chain goes on behind them. */
  #skip(count: number): void {
    this.#index += count;
    this.#gap = true;
  }

  #add(code: 'BUNDLE_DAMAGED' | 'TILE_WRONG' | 'RECORD_DAMAGED', path: string, error: unknown): void {
    // What the disk refuses to give is no damage.
    if (!isDamage(error)) throw error;
    this.#findings.push(finding(code, path, `${error.code}: ${error.message}`));
  }
}
