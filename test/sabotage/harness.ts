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
import { LooseSession } from './loose-session.ts';

/** Where a saboteur works. */
export interface WorkspaceAt {
  readonly image: string;
  readonly source: string;
}

/** One clone of it. */
export interface CloneAt extends WorkspaceAt {
  /** `before`, `verify`, `T`, `R` or `S`. */
  readonly label: string;
  /** The clone's own database file. */
  readonly file: string;
  /** What was honestly captured of this clone, in order. */
  readonly captures: Captured[];
  /** Sessions that were opened on it. */
  sessions: number;
  /** Runs SQL on the clone's closed file with another library, without any of the engine's guards. */
  readonly damage: (sql: string) => void;
}

/**
 * What a saboteur does. Everything that is not named here is done by the real SQLite engine. A method that is named does
 * its damage for real, on the files; what the engine answers afterwards is what it read.
 */
export interface Saboteur {
  /** The clone on which it acts; by default all of them. In other legs the session is a quick one. */
  readonly on?: 'before' | 'verify' | 'T' | 'R' | 'S';
  readonly prepare?: (prepare: () => Promise<Workspace>, source: SourceSpec) => Promise<Workspace>;
  readonly workspace?: (real: Workspace, at: WorkspaceAt) => Partial<Workspace>;
  readonly clone?: (real: Clone, at: CloneAt) => Partial<Clone>;
  readonly session?: (real: Session, at: CloneAt) => Partial<Session>;
}

/** Who prepares a workspace: the real engine, or somebody who has one already. */
export type Prepare = (
  source: SourceSpec,
  options: EngineOptions,
) => Promise<{ workspace: Workspace; source: string }>;

const prepareOwn: Prepare = async (source, options) => ({
  workspace: await sqliteEngine.prepare(source, options),
  source: source.file,
});

/** A real engine with a saboteur in it. */
export class SabotagedEngine implements Engine {
  readonly name = 'sqlite';
  readonly settingFault: Engine['settingFault'] = (...setting) => sqliteEngine.settingFault(...setting);
  /** How often the saboteur came to act: a sabotage that never happens proves nothing. */
  hits = 0;
  readonly #saboteur: Saboteur;
  readonly #prepare: Prepare;

  constructor(saboteur: Saboteur = {}, prepare = prepareOwn) {
    this.#saboteur = saboteur;
    this.#prepare = prepare;
  }

  async prepare(given: SourceSpec, options: EngineOptions): Promise<Workspace> {
    let source = given.file;
    const prepare = async (): Promise<Workspace> => {
      const prepared = await this.#prepare(given, options);
      source = prepared.source;
      return prepared.workspace;
    };
    if (this.#saboteur.prepare) this.hits++;
    const real = await (this.#saboteur.prepare?.(prepare, given) ?? prepare());
    const { raw } = await real.isolation();
    const folder = new Map(raw).get('workspace') ?? '';
    const at = { folder, image: join(folder, 'image.db'), source };
    const own: Partial<Workspace> = { restore: (label) => this.#restore(real, at, label) };
    return this.#over(delegate(real, own), this.#saboteur.workspace?.(real, at));
  }

  #acts(label: string): boolean {
    return this.#saboteur.on === undefined || this.#saboteur.on === label;
  }

  async #restore(
    workspace: Workspace,
    where: WorkspaceAt & { readonly folder: string },
    label: string,
  ): Promise<Clone> {
    const before = readdirSync(where.folder);
    const real = await workspace.restore(label);
    const made = readdirSync(where.folder).find((name) => !before.includes(name) && name.startsWith(label));
    const file = join(where.folder, made ?? '', 'clone.db');
    const { image, source } = where;
    const damage = (sql: string): void => damageFile(file, sql);
    const at: CloneAt = { image, source, label, file, captures: [], sessions: 0, damage };
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
    const clone = delegate(real, own);
    return this.#acts(label) ? this.#over(clone, this.#saboteur.clone?.(clone, at)) : clone;
  }

  async #open(clone: Clone, at: CloneAt): Promise<Session> {
    at.sessions++;
    // What happens in a leg where nobody meddles is another test's affair: it need not cost a process.
    if (!this.#acts(at.label)) return new LooseSession(at.file);
    const real = await clone.open();
    return this.#over(real, this.#saboteur.session?.(real, at));
  }

  /** `real` with some methods of the saboteur's; each use of one is counted. */
  #over<T extends object>(real: T, changes: Partial<T> = {}): T {
    const counted: Partial<T> = {};
    for (const key of Reflect.ownKeys(changes) as (keyof T)[]) {
      const change = changes[key] as (...args: unknown[]) => unknown;
      counted[key] = ((...args: unknown[]) => {
        this.hits++;
        return change(...args);
      }) as T[keyof T];
    }
    return delegate(real, counted);
  }
}

/** `real`, but for the methods that are given. */
export function delegate<T extends object>(real: T, changes: Partial<T>): T {
  return new Proxy(real, {
    get: (target, key) => {
      if (key in changes) return changes[key as keyof T];
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

/** Runs SQL on a closed database file, with nothing that would stop it. */
export function damageFile(file: string, sql: string): void {
  const db = new Database(file, { timeout: 0 });
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
