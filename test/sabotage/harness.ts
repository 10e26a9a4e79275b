import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type {
  Captured,
  Clone,
  Engine,
  EngineOptions,
  Session,
  SourceSpec,
  Workspace,
} from '../../src/engines/engine.ts';
import { sqliteEngine } from '../../src/engines/sqlite/index.ts';

/** Where a saboteur works. */
export interface WorkspaceAt {
  readonly folder: string;
  readonly image: string;
  readonly source: string;
}

/** One clone of it. */
export interface CloneAt extends WorkspaceAt {
  readonly label: string;
  /** The clone's own database file. */
  readonly file: string;
  /** What was captured of this clone, in order, by whoever asked. */
  readonly captures: Captured[];
  /** Sessions that were opened on it. */
  sessions: number;
  /** Runs SQL on the clone's closed file with another library, without any of the engine's guards. */
  damage(sql: string): void;
}

/**
 * What a saboteur does. Everything that is not named here is done by the real SQLite engine. A method that is named does
 * its damage for real, on the files; what the engine answers afterwards is what it read.
 */
export interface Saboteur {
  readonly prepare?: (
    prepare: () => Promise<Workspace>,
    source: SourceSpec,
    options: EngineOptions,
  ) => Promise<Workspace>;
  readonly workspace?: (real: Workspace, at: WorkspaceAt) => Partial<Workspace>;
  readonly clone?: (real: Clone, at: CloneAt) => Partial<Clone>;
  readonly session?: (real: Session, at: CloneAt) => Partial<Session>;
  /** After a session has ended: nobody has the file open. */
  readonly closed?: (at: CloneAt) => void;
}

/** A real engine with a saboteur in it. */
export class SabotagedEngine implements Engine {
  readonly name = 'sqlite';
  /** How often the saboteur came to anything: a sabotage that never happens proves nothing. */
  hits = 0;
  readonly #saboteur: Saboteur;

  constructor(saboteur: Saboteur = {}) {
    this.#saboteur = saboteur;
  }

  async prepare(source: SourceSpec, options: EngineOptions): Promise<Workspace> {
    const prepare = (): Promise<Workspace> => sqliteEngine.prepare(source, options);
    const real = await (this.#saboteur.prepare?.(prepare, source, options) ?? prepare());
    if (this.#saboteur.prepare) this.hits++;
    const { raw } = await real.isolation();
    const folder = new Map(raw).get('workspace') ?? '';
    const at: WorkspaceAt = { folder, image: join(folder, 'image.db'), source: source.file };
    const own: Partial<Workspace> = { restore: (label) => this.#restore(real, at, label) };
    return this.#over(this.#delegate(real, own), this.#saboteur.workspace?.(real, at));
  }

  async #restore(workspace: Workspace, where: WorkspaceAt, label: string): Promise<Clone> {
    const before = readdirSync(where.folder);
    const real = await workspace.restore(label);
    const made = readdirSync(where.folder).find((name) => !before.includes(name) && name.startsWith(label));
    const file = join(where.folder, made ?? '', 'clone.db');
    const damage = (sql: string): void => damageFile(file, sql);
    const at: CloneAt = { ...where, label, file, captures: [], sessions: 0, damage };
    const own: Partial<Clone> = {
      capture: async (sink) => {
        const captured = await real.capture(sink);
        at.captures.push(captured);
        return captured;
      },
      open: () => this.#open(real, at),
      query: (sql) => remembered(file, ['query', sql], () => real.query(sql)),
      check: (script, boundary) =>
        remembered(file, ['check', Buffer.from(script).toString(), boundary], () =>
          real.check(script, boundary),
        ),
    };
    return this.#over(this.#delegate(real, own), this.#saboteur.clone?.(real, at));
  }

  async #open(clone: Clone, at: CloneAt): Promise<Session> {
    const real = await clone.open();
    at.sessions++;
    let ended = false;
    const own: Partial<Session> = {
      [Symbol.asyncDispose]: async () => {
        await real[Symbol.asyncDispose]();
        if (ended) return;
        ended = true;
        if (!this.#saboteur.closed) return;
        this.#saboteur.closed(at);
      },
    };
    return this.#over(this.#delegate(real, own), this.#saboteur.session?.(real, at));
  }

  /** `real` with some methods of the saboteur's; each use of one is counted. */
  #over<T extends object>(real: T, changes: Partial<T> | undefined): T {
    const counted: Partial<T> = {};
    for (const key of Reflect.ownKeys(changes ?? {}) as (keyof T)[]) {
      const change = changes?.[key];
      counted[key] =
        typeof change === 'function'
          ? (((...args: unknown[]) => {
              this.hits++;
              return (change as (...given: unknown[]) => unknown)(...args);
            }) as T[keyof T])
          : change;
    }
    return this.#delegate(real, counted);
  }

  #delegate<T extends object>(real: T, changes: Partial<T>): T {
    return new Proxy(real, {
      get: (target, key) => {
        if (key in changes) return changes[key as keyof T];
        const value: unknown = Reflect.get(target, key, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  }
}

/** Runs SQL on a closed database file, with nothing that would stop it. */
export function damageFile(file: string, sql: string): void {
  const db = new Database(file);
  try {
    db.unsafeMode(true);
    db.pragma('foreign_keys = OFF');
    db.exec(sql);
  } finally {
    db.close();
  }
}

const answers = new Map<string, Promise<unknown>>();

/**
 * An honest answer about a closed file is a function of its bytes: each is asked of the real engine once per test file,
 * because each costs a process. What a saboteur does itself never comes here.
 */
function remembered<T>(file: string, question: readonly unknown[], ask: () => Promise<T>): Promise<T> {
  if (['-journal', '-wal'].some((suffix) => existsSync(file + suffix))) return ask();
  const bytes = createHash('sha256').update(readFileSync(file)).digest('hex');
  const key = JSON.stringify([bytes, ...question]);
  const known = answers.get(key) ?? ask();
  answers.set(key, known);
  return known as Promise<T>;
}
