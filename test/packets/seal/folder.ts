/** Builds packet folders for tests, from what a vector (test/vectors/packet/*.json) describes. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { chmodSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { digestOf } from '../../../src/objects/digest.ts';
import { formatManifest, formatSeal } from '../../../src/packets/seal/manifest.ts';
import { MANIFEST_NAME, SEAL_NAME } from '../../../src/packets/seal/names.ts';
import { sealFolder } from '../../../src/packets/seal/seal.ts';
import { makeTestFolder } from '../../support/folder.ts';

/** A string is a file's text. */
export type Item =
  | string
  | { text: string; exec?: boolean }
  | { hex: string }
  | { symlink: string }
  | { symlinkHex: string }
  | { dir: true }
  | { fifo: true }
  | { socket: true }
  | { device: [number, number] };

/**
 * One change. Paths may be `hex:<hex digits>`. In texts `$0` is 64 zeros, `$TOP` the folder around the packet, `$H(path)`
 * the SHA-256 of a file as it is by then, `$U(path)` the same in capitals.
 */
export type Mutation =
  | { put: string; as: Item }
  | { remove: string }
  | { rename: [string, string] }
  | { edit: string; append: string }
  | { edit: string; prepend: string }
  | { edit: string; replace: [string, string] }
  /** Line numbers of the manifest. */
  | { swapLines: [number, number] }
  /** The seal file follows the manifest again, as a forger would have it. */
  | { reseal: true }
  /** Manifest and seal for every regular file that is there, with no name refused. */
  | { listEverything: true }
  | { sealAgain: true };

export class NotPossible extends Error {}

export class TestFolder implements AsyncDisposable {
  readonly top = makeTestFolder('packet');
  /** The packet; its parent holds what is outside of it. */
  readonly dir = join(this.top, 'packet');
  readonly #closers: (() => Promise<void>)[] = [];

  constructor() {
    chmodSync(this.top, 0o755); // another user must get here
    mkdirSync(this.dir);
    writeFileSync(join(this.top, 'outside.txt'), 'outside\n');
  }

  async fill(items: Record<string, Item>): Promise<this> {
    for (const [path, item] of Object.entries(items)) await this.put(path, item);
    return this;
  }

  at(path: string): Buffer {
    const name = path.startsWith('hex:') ? Buffer.from(path.slice(4), 'hex') : Buffer.from(path);
    return Buffer.concat([Buffer.from(`${this.dir}/`), name]);
  }

  read(path: string): Buffer {
    return readFileSync(this.at(path));
  }

  write(path: string, bytes: string | Uint8Array): void {
    writeFileSync(this.at(path), bytes);
  }

  async put(path: string, item: Item): Promise<void> {
    const place = this.at(path);
    mkdirSync(place.subarray(0, place.lastIndexOf('/')), { recursive: true });
    rmSync(place, { recursive: true, force: true });
    if (typeof item === 'string') writeFileSync(place, this.#expand(item));
    else if ('text' in item) writeFileSync(place, item.text, { mode: item.exec === true ? 0o755 : 0o644 });
    else if ('hex' in item) writeFileSync(place, Buffer.from(item.hex, 'hex'));
    else if ('symlink' in item) symlinkSync(this.#expand(item.symlink), place);
    else if ('symlinkHex' in item) symlinkSync(Buffer.from(item.symlinkHex, 'hex'), place);
    else if ('dir' in item) mkdirSync(place);
    else if ('fifo' in item) execFileSync('mkfifo', [place.toString()]);
    else if ('socket' in item) await this.#listen(place.toString());
    else makeDevice(place.toString(), item.device);
  }

  async #listen(path: string): Promise<void> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve));
    this.#closers.push(() => new Promise((resolve) => server.close(() => resolve())));
  }

  async mutate(m: Mutation): Promise<void> {
    if ('put' in m) await this.put(m.put, m.as);
    else if ('remove' in m) rmSync(this.at(m.remove), { recursive: true });
    else if ('rename' in m) renameSync(this.at(m.rename[0]), this.at(m.rename[1]));
    else if ('edit' in m) this.write(m.edit, this.#edited(this.read(m.edit).toString(), m));
    else if ('swapLines' in m) this.#swap(m.swapLines);
    else if ('listEverything' in m) this.#listEverything();
    else if ('sealAgain' in m) await sealFolder(this.dir, { force: true });
    else this.#reseal();
  }

  #edited(text: string, m: Extract<Mutation, { edit: string }>): string {
    if ('append' in m) return text + this.#expand(m.append);
    if ('prepend' in m) return this.#expand(m.prepend) + text;
    const [from, to] = m.replace.map((part) => this.#expand(part)) as [string, string];
    if (!text.includes(from)) throw new Error(`${m.edit} does not hold ${from}`);
    return text.replace(from, () => to);
  }

  #expand(text: string): string {
    return text
      .replaceAll('$0', '0'.repeat(64))
      .replaceAll('$TOP', this.top)
      .replaceAll(/\$([HU])\(([^)]+)\)/g, (_, kind: string, path: string) =>
        kind === 'H' ? digestOf(this.read(path)) : digestOf(this.read(path)).toUpperCase(),
      );
  }

  #swap([a, b]: [number, number]): void {
    const lines = this.read(MANIFEST_NAME).toString().split('\n');
    [lines[a - 1], lines[b - 1]] = [lines[b - 1] ?? '', lines[a - 1] ?? ''];
    this.write(MANIFEST_NAME, lines.join('\n'));
  }

  #reseal(): void {
    this.write(SEAL_NAME, formatSeal(digestOf(this.read(MANIFEST_NAME))));
  }

  #listEverything(): void {
    const paths = readdirSync(this.dir, { recursive: true, encoding: 'utf8', withFileTypes: true })
      .filter((e) => e.isFile())
      .map((e) => join(relative(this.dir, e.parentPath), e.name))
      .filter((path) => path !== MANIFEST_NAME && path !== SEAL_NAME);
    this.write(
      MANIFEST_NAME,
      formatManifest(paths.map((path) => ({ path, sha256: digestOf(this.read(path)) }))),
    );
    this.#reseal();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const close of this.#closers) await close();
    rmSync(this.top, { recursive: true, force: true });
  }
}

function makeDevice(path: string, [major, minor]: [number, number]): void {
  const made = spawnSync('mknod', [path, 'c', String(major), String(minor)]);
  if (made.status !== 0) throw new NotPossible('mknod needs root');
}

/** Whether real coreutils accept the packet: `sha256sum -c` of the seal, then of the manifest. */
export function coreutilsPass(dir: string): boolean {
  return [SEAL_NAME, MANIFEST_NAME].every(
    (name) => spawnSync('sha256sum', ['-c', '--quiet', name], { cwd: dir, input: '' }).status === 0,
  );
}

export function codes(findings: readonly { code: string; path: string }[]): [string, string][] {
  return findings.map(({ code, path }) => [code, path]);
}

/** Runs a module's text in node as an unprivileged user (when we are root); gives its standard output. */
export function runUnprivileged(script: string): string {
  const user = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
  const ran = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    ...user,
    cwd: '/',
    encoding: 'utf8',
  });
  if (ran.status !== 0) throw new Error(ran.stderr);
  return ran.stdout;
}

/** The address of a source file of ours, for a child process. */
export function sourceUrl(name: string): string {
  return new URL(`../../../src/packets/seal/${name}`, import.meta.url).href;
}
