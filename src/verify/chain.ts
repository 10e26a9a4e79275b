import { isDamage } from '../errors.ts';
import { finding, type Finding } from '../finding.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { BUNDLE_WIDTH, checkBundle, type Head } from '../ledger/log-state.ts';
import { Frontier } from '../log/frontier.ts';
import { equalHashes, leafHash, rootOf, type Hash } from '../log/tree-hash.ts';
import { digestOf, type Digest } from '../objects/digest.ts';
import { decodeKind, type ObjectOf } from '../objects/kinds.ts';
import type { Link } from '../objects/link.ts';
import { unknownOr } from '../objects/object-fault.ts';
import type { RecordLinks } from './objects.ts';

export interface ChainReport {
  /** Records that were read and are good. */
  readonly records: number;
  readonly findings: readonly Finding[];
  /** What the readable records link, oldest first. */
  readonly entries: readonly ({ readonly index: number } & RecordLinks)[];
  /** The root over the first so many records, for the sizes that were asked for and can be known. */
  readonly roots: ReadonlyMap<number, Hash>;
  /** What is odd about a record and changes nothing: its time is its appender's claim. */
  readonly notes: readonly Finding[];
}

export interface ChainOptions {
  readonly signal?: AbortSignal;
  /** Sizes whose roots are wanted. */
  readonly sizes?: ReadonlySet<number>;
  /** Milliseconds since 1970. */
  readonly now?: number;
}

/**
 * Reads the whole log, oldest first: every bundle and record, every link from record to record, and the root of
 * the tree over all of them. It goes on after damage and reports all of it.
 */
export async function verifyChain(
  ledger: Ledger,
  head: Head,
  options: ChainOptions = {},
): Promise<ChainReport> {
  const walk = new ChainWalk(ledger, options);
  const rows = head.full.map((row, level) => ({ row, level })).reverse();
  let first = 0;
  for (const { row, level } of rows) {
    for (const [bundle, hash] of row) {
      await walk.bundle(bundle, hash, level, first);
      first += BUNDLE_WIDTH ** (level + 1);
    }
  }
  head.tail.forEach((bytes) => walk.record(bytes));
  return walk.finish(head);
}

class ChainWalk {
  readonly #ledger: Ledger;
  readonly #signal: AbortSignal | undefined;
  readonly #sizes: ReadonlySet<number>;
  readonly #now: number;
  readonly #roots = new Map<number, Hash>();
  readonly #findings: Finding[] = [];
  readonly #notes: Finding[] = [];
  readonly #entries: ({ index: number } & RecordLinks)[] = [];
  readonly #frontier = Frontier.empty();
  #previous: Digest | undefined;
  #index = 0;
  #good = 0;
  #gap = false;
  /** Whether the tree so far is known: after a gap it is not. */
  #whole = true;
  /** Of the record before, where it is known. */
  #time = 0;

  constructor(ledger: Ledger, { signal, sizes = new Set(), now = Date.now() }: ChainOptions) {
    this.#ledger = ledger;
    this.#signal = signal;
    this.#sizes = sizes;
    this.#now = now;
    this.#keepRoot();
  }

  /** A full bundle: its root, and everything below. */
  async bundle(link: Link, hash: Hash, level: number, first: number): Promise<void> {
    this.#signal?.throwIfAborted();
    const path = `bundles/${level}/${first / BUNDLE_WIDTH ** (level + 1)}`;
    let bundle: ObjectOf<'bundle'>;
    try {
      bundle = decodeKind('bundle', await this.#ledger.get(link.digest), link.digest);
      checkBundle(bundle, link, level, first);
    } catch (error) {
      this.#add('BUNDLE_DAMAGED', path, error);
      this.#skip(BUNDLE_WIDTH ** (level + 1));
      return;
    }
    const hashes: Hash[] = [];
    for (const [i, entry] of bundle.entries.entries()) {
      if (entry instanceof Uint8Array) {
        hashes.push(leafHash(entry));
        this.record(entry);
      } else {
        hashes.push(entry[1]);
        await this.bundle(...entry, level - 1, first + i * BUNDLE_WIDTH ** level);
      }
    }
    if (!equalHashes(rootOf(hashes), hash))
      this.#findings.push(finding('LOG_ROOT_WRONG', path, 'this bundle has another root than is listed'));
  }

  record(bytes: Uint8Array): void {
    const index = this.#index++;
    const path = `records/${index}`;
    this.#frontier.append(leafHash(bytes));
    this.#keepRoot();
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
      const { entry, signatures } = record;
      this.#entries.push({ index, entry, signatures });
      this.#noteTime(record.time, path);
      if (good) this.#good++;
    } catch (error) {
      this.#add('RECORD_DAMAGED', path, error);
    }
    this.#previous = id;
    this.#gap = false;
  }

  finish(head: Head): ChainReport {
    if (this.#whole && this.#index === head.size && !equalHashes(this.#frontier.root(), head.root)) {
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
    return {
      records: this.#good,
      findings: this.#findings,
      entries: this.#entries,
      roots: this.#roots,
      notes: this.#notes,
    };
  }

  #keepRoot(): void {
    const { size } = this.#frontier;
    if (this.#whole && this.#sizes.has(size)) this.#roots.set(size, this.#frontier.root());
  }

  #noteTime(time: number, path: string): void {
    const odd =
      time < this.#time
        ? 'before that of the record before it'
        : time > this.#now
          ? 'in the future'
          : undefined;
    if (odd !== undefined)
      this.#notes.push(finding('RECORD_TIME_ODD', path, `its time, which its appender claims, lies ${odd}`));
    this.#time = time;
  }

  /** Records that cannot be read: the chain goes on behind them. */
  #skip(count: number): void {
    this.#index += count;
    this.#gap = true;
    this.#whole = false;
    this.#time = 0;
  }

  #add(code: 'BUNDLE_DAMAGED' | 'RECORD_DAMAGED', path: string, error: unknown): void {
    // What the disk refuses to give is no damage.
    if (!isDamage(error)) throw error;
    this.#findings.push(finding(unknownOr(error, code), path, `${error.code}: ${error.message}`));
  }
}
