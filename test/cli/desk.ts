import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { expect } from 'vitest';
import { run } from '../../src/cli/main.ts';
import type { ErrorCode } from '../../src/errors.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import { keyFolder } from '../../src/ledger/log-key.ts';
import { schemaFaults } from './schemas.ts';
import { makeTestFolder } from '../support/folder.ts';
import type { Finding } from '../../src/finding.ts';

export interface Ran {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

export type { Finding };

/** A folder of its own with an environment of its own, in which commands run in this process. */
export class Desk implements Disposable {
  readonly dir: string;
  readonly env: NodeJS.ProcessEnv;

  readonly #keep: boolean;

  /** @param options.keep do not remove the folder in the end. */
  constructor(dir = makeTestFolder('desk'), { keep = false }: { keep?: boolean } = {}) {
    this.dir = dir;
    this.#keep = keep;
    this.env = {
      CUSTODY_CONFIG_DIR: join(dir, 'config'),
      CUSTODY_AUTHOR: 'tester',
      PATH: process.env['PATH'],
    };
  }

  path(...names: string[]): string {
    return join(this.dir, ...names);
  }

  /** Runs a command; stdout is exactly what it wrote. */
  async run(
    argv: readonly string[],
    options: { signal?: AbortSignal; env?: NodeJS.ProcessEnv } = {},
  ): Promise<Ran> {
    const out: Buffer[] = [];
    const err: string[] = [];
    const exit = await run(argv, {
      stdout: { write: (data) => out.push(Buffer.from(data)) },
      stderr: { write: (data) => err.push(data) },
      env: { ...this.env, ...options.env },
      cwd: this.dir,
      signal: options.signal ?? new AbortController().signal,
    });
    return { exit, stdout: Buffer.concat(out).toString('utf8'), stderr: err.join('') };
  }

  /**
   * Runs a command with --json, and checks that it printed one document that its schema admits and nothing else.
   * @param exit what it must answer.
   */
  async json<T>(argv: readonly string[], exit = 0, options: { signal?: AbortSignal } = {}): Promise<T> {
    const ran = await this.run([...argv, '--json'], options);
    const document = JSON.parse(ran.stdout) as T;
    expect(
      { exit: ran.exit, stderr: ran.stderr, faults: schemaFaults(argv[0]!, document) },
      ran.stdout,
    ).toEqual({
      exit,
      stderr: '',
      faults: [],
    });
    return document;
  }

  /** Runs a command that must fail: with its code and exit code, a hint, as text and as JSON alike. */
  async fails(
    argv: readonly string[],
    code: ErrorCode,
    exit: number,
    options: { env?: NodeJS.ProcessEnv; signal?: AbortSignal } = {},
  ): Promise<{ code: string; message: string; path?: string; hint: string; findings?: Finding[] }> {
    const text = await this.run(argv, options);
    expect({ exit: text.exit, stdout: text.stdout }, text.stderr).toEqual({ exit, stdout: '' });
    expect(text.stderr).toContain(`[${code}]\n`);
    const ran = await this.run([...argv, '--json'], options);
    const document = JSON.parse(ran.stdout) as { error: { code: string; message: string; hint: string } };
    expect({ exit: ran.exit, stderr: ran.stderr, faults: schemaFaults('error', document) }).toEqual({
      exit,
      stderr: '',
      faults: [],
    });
    expect(document.error.code, document.error.message).toBe(code);
    expect(document.error.hint, `${code} says what to do`).not.toBe('');
    return document.error;
  }

  async init(): Promise<{ ledger: string; origin: string; verifierKey: string; policy: string }> {
    return this.json(['init', '--origin', 'test.example/log']);
  }

  write(name: string, content: string | Uint8Array): string {
    const path = this.path(name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return path;
  }

  bytes(name: string): Uint8Array {
    return readFileSync(this.path(name));
  }

  read(name: string): string {
    return readFileSync(this.path(name), 'utf8');
  }

  /** A sealed folder of evidence. */
  async packet(
    name = 'evidence',
    files: Record<string, string> = { 'a.txt': 'alpha\n', 'b/c.txt': 'gamma\n' },
  ): Promise<string> {
    for (const [file, content] of Object.entries(files)) this.write(join(name, file), content);
    await this.json(['seal', `./${name}`]);
    return name;
  }

  database(name: string, sql: string): string {
    const database = new Database(this.path(name));
    database.exec(sql);
    database.close();
    return name;
  }

  /** The ledger, through the library. */
  async ledger(): Promise<Ledger> {
    return Ledger.open(this.dir, { keys: keyFolder(this.env) });
  }

  /** Every file of the ledger with its content's hash; `index/` is a cache and may change at any time. */
  state({ index = false }: { index?: boolean } = {}): Record<string, string> {
    const state: Record<string, string> = {};
    const root = this.path('.custody');
    if (!existsSync(root)) return state;
    for (const name of readdirSync(root, { recursive: true, encoding: 'utf8' }).sort()) {
      if (!index && (name === 'index' || name.startsWith('index/'))) continue;
      const stat = lstatSync(join(root, name));
      state[name] = stat.isFile()
        ? createHash('sha256')
            .update(readFileSync(join(root, name)))
            .digest('hex')
        : 'folder';
    }
    return state;
  }

  copyLedger(to: string): void {
    cpSync(this.path('.custody'), join(to, '.custody'), { recursive: true });
  }

  [Symbol.dispose](): void {
    if (!this.#keep) rmSync(this.dir, { recursive: true, force: true });
  }
}

export { codes } from '../packets/seal/folder.ts';
