import { lstat, readdir, readFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { Ledger } from '../../ledger/ledger.ts';
import { findClaims, type Claims } from '../../rules/claims.ts';
import { closure } from '../../objects/closure.ts';
import { digestOf, type Digest } from '../../objects/digest.ts';
import { nodeLink } from '../../objects/link.ts';
import { driveAsync } from '../../objects/walk.ts';

/** What was found where: `stdout: SUBJECT+VERDICT`, in the form that holds no token itself. */
export class Leaks {
  readonly #claims: Claims;
  readonly #found = new Set<string>();

  constructor(claims: Claims) {
    this.#claims = claims;
  }

  /** Bytes are looked at as Latin-1: a token is ASCII in whatever surrounds it. */
  scan(where: string, content: string | Uint8Array): void {
    const text = typeof content === 'string' ? content : Buffer.from(content).toString('latin1');
    for (const { phrase } of findClaims(text, this.#claims)) this.add(where, phrase);
  }

  add(where: string, what: string): void {
    this.#found.add(`${where}: ${what}`);
  }

  /** Sorted, each once. */
  list(): string[] {
    return [...this.#found].sort();
  }
}

/** Digests of the files in a folder, by path. */
export async function filesOf(folder: string): Promise<Map<string, Digest>> {
  const files = new Map<string, Digest>();
  for (const name of (await readdir(folder, { recursive: true })).sort()) {
    const path = join(folder, name);
    if ((await lstat(path)).isFile()) files.set(name.replaceAll(sep, '/'), digestOf(await readFile(path)));
  }
  return files;
}

/** Looks at every file that was made or changed since. Packs hold compressed blocks: see {@link scanEntry}. */
export async function scanChanged(
  leaks: Leaks,
  folder: string,
  before: ReadonlyMap<string, Digest>,
): Promise<string[]> {
  const changed: string[] = [];
  for (const [name, digest] of await filesOf(folder)) {
    if (before.get(name) === digest) continue;
    changed.push(name);
    leaks.scan(name.startsWith('.custody/') ? 'ledger' : name, await readFile(join(folder, name)));
  }
  return changed;
}

/** Looks at everything that an entry of the log reaches. */
export async function scanEntry(leaks: Leaks, ledger: Ledger, entry: Digest): Promise<void> {
  const { get } = ledger;
  for await (const { bytes } of driveAsync(closure([nodeLink(entry)]), get)) leaks.scan('ledger', bytes);
}
