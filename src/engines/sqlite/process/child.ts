import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { CustodyError } from '../../../errors.ts';
import { isConfined, type ConfinedRoot } from '../../../system/confined-root.ts';
import type { Hello, Reply, Request } from './protocol.ts';
import { childCommand, networkOf } from './sandbox.ts';

/** What was seen of one child: for the isolation record. */
export interface Witnessed {
  readonly pid: number;
  readonly sqlite: string;
  readonly refused: Hello['refused'];
  /** True when the child's network namespace is not ours: a fresh one has no way out. */
  readonly networkIsolated: boolean;
  /** True when the kernel's list of its mounts holds its folder and what node needs, and a file elsewhere was refused. */
  readonly pathsConfined: boolean;
}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The parent's side of worker.ts. One request at a time. A child that dies, for whatever reason, makes the pending
 * request fail; it never hangs.
 */
export class SqlChild implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #root: ConfinedRoot | undefined;
  #pending: Pending | undefined;
  #ended: CustodyError | undefined;
  #stderr = '';
  witnessed!: Witnessed;

  private constructor(folder: string) {
    const { command, args, root } = childCommand(folder);
    this.#root = root;
    this.#process = spawn(command, args, {
      cwd: folder,
      // UTC, so that `localtime` means the same everywhere; SQLite's temporary files stay in the private folder.
      env: { TZ: 'UTC', LC_ALL: 'C', TMPDIR: folder, SQLITE_TMPDIR: folder },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      // JSON has neither bigint nor bytes.
      serialization: 'advanced',
    });
    this.#exited = once(this.#process, 'close').catch(() => undefined);
    this.#process.stderr?.on(
      'data',
      (data: Buffer) => (this.#stderr = (this.#stderr + data.toString()).slice(-2_000)),
    );
    this.#process.on('message', (message) => {
      const pending = this.#pending;
      this.#pending = undefined;
      pending?.resolve(message);
    });
    this.#process.on('error', (error) => this.#end(died(`could not be started: ${error.message}`, error)));
    this.#process.on('exit', (code, signal) => {
      this.#end(
        died(
          `ended by ${signal ?? `exit code ${code}`}${this.#stderr === '' ? '' : `: ${this.#stderr.trim()}`}`,
        ),
      );
    });
  }

  /**
   * Starts a child that may use `folder` only.
   * @throws CustodyError ENGINE_FAILED, INTERRUPTED when `signal` is aborted: the child is killed then, at any time.
   */
  static async start(folder: string, signal?: AbortSignal): Promise<SqlChild> {
    if (signal?.aborted) throw interrupted();
    const child = new SqlChild(folder);
    const onAbort = (): void => child.kill(interrupted());
    signal?.addEventListener('abort', onAbort, { once: true });
    void child.#exited.then(() => signal?.removeEventListener('abort', onAbort));
    try {
      const { sqlite, refused } = (await child.#answer(() => undefined)) as Hello;
      const pid = child.#process.pid ?? 0;
      const network = networkOf(pid);
      const networkIsolated = network !== undefined && network !== networkOf('self');
      const pathsConfined = child.#root !== undefined && isConfined(pid, child.#root) && refused.paths;
      child.witnessed = { pid, sqlite, refused, networkIsolated, pathsConfined };
      return child;
    } catch (error) {
      child.kill();
      await child.#exited;
      throw error;
    }
  }

  /**
   * @param timeLimit milliseconds after which the child is killed; none by default.
   * @throws CustodyError what the child answers; TIME_LIMIT, INTERRUPTED, ENGINE_FAILED when it was ended.
   */
  async request(request: Request, timeLimit?: number): Promise<unknown> {
    const timer =
      timeLimit === undefined
        ? undefined
        : setTimeout(() => this.kill(overTime(timeLimit)), Math.min(timeLimit, 0x7fff_ffff));
    try {
      const reply = (await this.#answer(() => this.#process.send(request, () => undefined))) as Reply;
      if (reply.ok) return reply.value;
      const { code, message, hint, path } = reply.error;
      throw new CustodyError(code, message, { hint, ...(path === undefined ? {} : { path }) });
    } finally {
      clearTimeout(timer);
    }
  }

  async #answer(send: () => void): Promise<unknown> {
    if (this.#ended !== undefined) throw this.#ended;
    if (this.#pending !== undefined)
      throw new CustodyError('INTERNAL', 'the SQL process answers one request at a time');
    return new Promise((resolve, reject) => {
      this.#pending = { resolve, reject };
      send();
    });
  }

  #end(error: CustodyError): void {
    this.#ended ??= error;
    const pending = this.#pending;
    this.#pending = undefined;
    pending?.reject(this.#ended);
  }

  /** Ends the child at once; whatever is pending, and every later request, fails with `reason`. */
  kill(reason: CustodyError = died('was ended')): void {
    this.#process.kill('SIGKILL');
    this.#end(reason);
  }

  get ended(): boolean {
    return this.#ended !== undefined;
  }

  /** Closes the database, so that no file is left beside it, and waits for the process to be gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.ended && this.#pending === undefined) {
      // An orderly end is not owed to us: what the clone looks like afterwards is checked by whoever reads it.
      await this.request({ op: 'close' }, CLOSE_LIMIT).catch(() => undefined);
    }
    this.kill();
    await this.#exited;
  }
}

/** Milliseconds; closing may have to write a whole WAL back. */
const CLOSE_LIMIT = 60_000;

function died(how: string, cause?: unknown): CustodyError {
  return new CustodyError('ENGINE_FAILED', `the SQL process ${how}`, {
    cause,
    hint: 'Check memory and disk space, then run the command again; the clone is thrown away.',
  });
}

function interrupted(): CustodyError {
  return new CustodyError('INTERRUPTED', 'interrupted; the SQL process was ended', {
    hint: 'Run the command again; nothing was recorded.',
  });
}

function overTime(limit: number): CustodyError {
  return new CustodyError('TIME_LIMIT', `not done after ${limit} ms; the SQL process was ended`, {
    hint: 'Give the plan a longer time limit, or correct the statement that does not end.',
  });
}
