import { isDamage } from '../errors.ts';
import { finding, type Finding } from '../finding.ts';
import { LinkStack } from '../objects/closure.ts';
import type { Digest } from '../objects/digest.ts';
import { checkKind, checkRun } from '../objects/entry.ts';
import { listsOf, readContent } from '../objects/file.ts';
import { decodeObject, linksOf, type AnyObject, type ObjectOf } from '../objects/kinds.ts';
import type { Link } from '../objects/link.ts';
import { LIMIT_SIZE, notHashed, oversized } from '../objects/oversized.ts';
import { objectFault } from '../objects/object-fault.ts';
import type { ObjectSource } from '../objects/sink.ts';
import { checkLinks } from '../objects/sound/links.ts';
import { StatesCheck } from '../objects/sound/states.ts';
import { checkTree } from '../objects/tree.ts';
import { driveAsync, resultOfAsync, type Walk } from '../objects/walk.ts';

export type RecordLinks = Pick<ObjectOf<'record'>, 'entry' | 'signatures'>;

/**
 * The objects level: everything that `roots` reach is there, hashes to its id, decodes, and is well-formed as a whole
 * (Merkle maps in order with right counts, files that make up their SHA-256, folders in order). All faults are collected:
 * a walk that throws (closure.ts) ends at the first.
 */
export class ObjectsCheck {
  readonly findings: Finding[] = [];
  /** Each packet that was met: its seal is for somebody above (`packets`). */
  readonly packets = new Map<Digest, ObjectOf<'packet'>>();
  /** Shared by several calls of {@link reach}; each link with what led to it. */
  readonly #links = new LinkStack<string>();
  readonly #source: ObjectSource;
  readonly #signal: AbortSignal | undefined;
  readonly #limit: number;
  readonly #files: Link[] = [];
  readonly #lists: Parameters<typeof listsOf>[1] = new Map();
  readonly #states = new StatesCheck();

  /** @param limitSize bytes that all files together may claim beyond what is stored of them, to be hashed whole. */
  constructor(
    source: ObjectSource,
    {
      signal,
      limitSize = LIMIT_SIZE,
    }: { signal?: AbortSignal | undefined; limitSize?: number | undefined } = {},
  ) {
    this.#source = source;
    this.#signal = signal;
    this.#limit = limitSize;
  }

  /** How many ids were visited, good or not. */
  get visited(): number {
    return this.#links.seen.size;
  }

  /** What a record links: its entry, and the signatures that came with it. */
  async record({ entry, signatures }: RecordLinks, path: string): Promise<void> {
    await this.reach([entry, ...signatures], path);
    await this.#drain(entry, checkKind('entry', entry));
  }

  /** Follows these links. What {@link hashFiles} does is left for when everything is reached. */
  async reach(roots: readonly Link[], path: string): Promise<void> {
    this.#links.push(roots, path);
    for (let next = this.#links.pop(); next; next = this.#links.pop()) {
      const { link, from } = next;
      this.#signal?.throwIfAborted();
      const object = await this.#load(link, from);
      if (!object) continue;
      await this.#drain(link, checkLinks(object, link.digest));
      await this.#checkWhole(link, object);
      this.#links.push(linksOf(object), `${object.kind}/${link.digest}`);
    }
  }

  async #load(link: Link, path: string): Promise<AnyObject | undefined> {
    try {
      const bytes = await this.#source.get(link.digest);
      return link.codec === 'raw' ? undefined : decodeObject(bytes);
    } catch (error) {
      this.#fault(error, link.digest, `linked from ${path}: `);
      return undefined;
    }
  }

  /** What no single object shows: the shape of maps, files and folders. Their roots are checked, so all lists are. */
  async #checkWhole(link: Link, object: AnyObject): Promise<void> {
    switch (object.kind) {
      case 'file':
        this.#files.push(link);
        return this.#drain(link, listsOf(link, this.#lists));
      case 'table':
        return this.#drain(link, this.#states.table(object));
      case 'snapshot':
        for (const of of Object.keys(object.facts)) await this.#drain(link, this.#states.facts(object, of));
        return this.#drain(link, this.#states.tables(object));
      case 'entry':
        if (object.type === 'rehearsal') await this.#drain(object.run, checkRun(object));
        return;
      case 'packet':
        this.packets.set(link.digest, object);
        return this.#drain(link, checkTree(object.tree, { cut: true }));
      case 'rehearsal':
        return this.#drain(link, checkTree(object.source.files, { cut: true }));
      case 'run':
        return this.#drain(link, checkTree(object.program.files, { cut: true }));
      default:
        return;
    }
  }

  /** Hashes each file that was reached, whole; where they claim too much, those that their chunks do not account for are named. */
  async hashFiles(): Promise<void> {
    const faulty = new Set(this.findings.map(({ path }) => path));
    const files = this.#files.splice(0).filter(({ digest }) => !faulty.has(digest));
    const options = this.#signal ? { signal: this.#signal } : {};
    const get = (id: Digest): Promise<Uint8Array> => this.#source.get(id);
    const over = await resultOfAsync(oversized(files, this.#limit), get, options);
    const left = new Set(over?.files.map(({ link }) => link.digest));
    if (over) this.findings.push(...notHashed(over));
    for (const link of files) if (!left.has(link.digest)) await this.#drain(link, readContent(link));
    for (const { content, check } of this.#states.takeOutOfLine())
      if (!left.has(content.digest) && !faulty.has(content.digest)) await this.#drain(content, check());
  }

  async #drain(link: Link, walk: Walk<unknown, unknown>): Promise<void> {
    // What does not decode is the object that was read last.
    let last = link.digest;
    const get = (id: Digest): Promise<Uint8Array> => this.#source.get((last = id));
    try {
      const items = driveAsync(walk, get, this.#signal ? { signal: this.#signal } : {});
      while (!(await items.next()).done);
    } catch (error) {
      this.#fault(error, last, '');
    }
  }

  #fault(error: unknown, digest: Digest, prefix: string): void {
    // What the disk refuses to give is no damage, and not seen by whoever looks next.
    if (!isDamage(error)) throw error;
    const code = objectFault(error.code);
    const path = error.path !== undefined && /^[0-9a-f]{64}$/.test(error.path) ? error.path : digest;
    // A damaged list is met again by each walk that crosses it.
    if (this.findings.some((f) => f.code === code && f.path === path)) return;
    this.findings.push(finding(code, path, `${prefix}${error.code}: ${error.message}`));
  }
}
