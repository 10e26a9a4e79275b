import { CustodyError, type ErrorCode } from '../../src/errors.ts';
import type { Captured, Clone, Engine, Isolation, Session, Workspace } from '../../src/engines/engine.ts';
import { ASSERTIONS } from '../../src/rules/assertions.ts';
import { digestOf, type Digest } from '../../src/objects/digest.ts';
import { encodeKey } from '../../src/objects/rows/key.ts';
import { encodeRecord } from '../../src/objects/rows/sqlite-record.ts';
import { storeContent } from '../../src/objects/file.ts';
import type { Link } from '../../src/objects/link.ts';
import { putObject, type ObjectSink } from '../../src/objects/sink.ts';
import { SnapshotBuilder } from '../../src/objects/snapshots/builder.ts';

/** A database in memory: rows of one table, `births(id, name, born)`. */
type Database = Map<number, readonly [name: string, born: string]>;

/** What the engine lies about. Without any it is an honest SQLite in memory. */
export interface Lies {
  /** ROLLBACK keeps what was written, or all but one row of it. */
  readonly rollback?: 'does nothing' | 'takes a row along';
  /** COMMIT forgets what was written. */
  readonly commit?: 'does nothing';
  /** Putting the image back keeps what was written. */
  readonly reset?: 'does nothing' | 'loses a row';
  /** The engine still sees a transaction after it was ended; S: that of the rollback script. */
  readonly open?: 'T' | 'R' | 'S';
  /** A clone with this label does not hold what the image should hold. */
  readonly image?: 'before' | 'verify' | 'T' | 'R';
  /** Reading a clone writes to it. */
  readonly capture?: 'writes';
  /** The state inside the transaction is not the one that would be committed. */
  readonly inside?: 'another name';
  readonly identical?: false | null;
  readonly apply?: ErrorCode;
  /** The session dies while its transaction is ended. */
  readonly dies?: 'COMMIT' | 'ROLLBACK';
  /** The state after the way back cannot be captured. */
  readonly back?: 'unreadable';
  /** What was committed in leg R cannot be captured. */
  readonly committed?: ErrorCode;
  /** A query of the clone fails once something ran on it. */
  readonly asked?: ErrorCode;
  /** The rollback script does nothing, or fails. */
  readonly script?: 'does nothing' | 'fails';
  /** A gate's answer inside a leg. */
  readonly gate?: string;
  /** Ending the transaction after a failure fails too. */
  readonly failedRollback?: 'fails';
  /** The clone cannot be moved to where it should be kept. */
  readonly quarantine?: ErrorCode;
  readonly isolation?: readonly string[];
  readonly source?: string;
  readonly query?: string;
  readonly writes?: 'an update' | 'a deletion' | 'another row' | 'nothing';
}

const SOURCE: Database = new Map([
  [1, ['one', '2026']],
  [2, ['two', '2026']],
]);

export class FakeEngine implements Engine {
  readonly name = 'sqlite';
  readonly settingFault = (): undefined => undefined;
  /** What was asked of it, in order. */
  readonly calls: string[] = [];
  readonly lies: Lies;
  /** Runs while the executor runs. */
  readonly during: () => void;
  /** The clock of the database: every value that it writes is new. */
  #clock = 0;

  constructor(lies: Lies = {}, during: () => void = () => undefined) {
    this.lies = lies;
    this.during = during;
  }

  tick(): string {
    return `clock ${process.hrtime.bigint()} ${this.#clock++}`;
  }

  async prepare(): Promise<Workspace> {
    this.calls.push('prepare');
    return new FakeWorkspace(this);
  }
}

class FakeWorkspace implements Workspace {
  readonly sourceDigest: Digest;
  readonly imageDigest = digestOf(new Uint8Array(Buffer.from('image')));
  readonly versions = [['fake', '1']] as const;
  readonly #engine: FakeEngine;

  constructor(engine: FakeEngine) {
    this.#engine = engine;
    this.sourceDigest = digestOf(new Uint8Array(Buffer.from(engine.lies.source ?? 'source')));
  }

  async storeSource(sink: ObjectSink): Promise<Link> {
    const bytes = new Uint8Array(Buffer.from(this.#engine.lies.source ?? 'source'));
    return putObject(sink, {
      kind: 'tree',
      v: 2,
      level: 0,
      entries: [{ name: 'source', mode: 'file', link: storeContent(sink, bytes) }],
    });
  }

  async storeImage(sink: ObjectSink): Promise<Link> {
    return storeContent(sink, new Uint8Array(Buffer.from('image')));
  }

  async restore(label: string): Promise<Clone> {
    this.#engine.calls.push(`restore ${label}`);
    return new FakeClone(this.#engine, label);
  }

  async isolation(): Promise<Isolation> {
    this.#engine.calls.push('isolation');
    return {
      assertions: ASSERTIONS.sqlite.map(([assertion]) => ({
        assertion,
        holds: !this.#engine.lies.isolation?.includes(assertion),
      })),
      notShown: (this.#engine.lies.isolation ?? []).map((assertion) => ({ assertion, why: 'a lie' })),
      raw: [['folder', '/somewhere']],
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#engine.calls.push('dispose workspace');
  }
}

class FakeClone implements Clone {
  database: Database = new Map(SOURCE);
  readonly engine: FakeEngine;
  readonly label: string;
  /** How many sessions there were. */
  opened = 0;

  constructor(engine: FakeEngine, label: string) {
    this.engine = engine;
    this.label = label;
    if (engine.lies.image === label) this.database.delete(2);
  }

  async capture(sink: ObjectSink): Promise<Captured> {
    this.engine.calls.push(`capture ${this.label}`);
    const { committed } = this.engine.lies;
    if (committed && this.opened && this.label === 'R') throw new CustodyError(committed, 'as asked');
    if (this.engine.lies.back && this.opened) throw new CustodyError('DATABASE_CORRUPT', 'unreadable');
    const captured = captureOf(this.database, sink);
    if (this.engine.lies.capture) this.database.set(100, ['seen', '2026']);
    return captured;
  }

  async query(sql: string): Promise<string> {
    this.engine.calls.push(`query ${sql}`);
    if (this.engine.lies.asked && this.opened) throw new CustodyError(this.engine.lies.asked, 'as asked');
    return this.engine.lies.query ?? String(this.database.size);
  }

  async open(): Promise<Session> {
    this.engine.calls.push(`open ${this.label}`);
    return new FakeSession(this, this.opened++ > 0);
  }

  async check(): Promise<readonly CustodyError[]> {
    return [];
  }

  async checkQuery(): Promise<undefined> {
    return undefined;
  }

  async quarantine(folder: string, reason: string): Promise<string> {
    this.engine.calls.push(`quarantine ${this.label}: ${reason}`);
    const code = this.engine.lies.quarantine;
    if (code) throw new CustodyError(code, 'as asked', { path: '/workspace', hint: 'look there' });
    return `${folder}/${this.label}`;
  }

  async reset(): Promise<void> {
    this.engine.calls.push(`reset ${this.label}`);
    const { reset } = this.engine.lies;
    if (reset !== 'does nothing') this.database = new Map(SOURCE);
    if (reset === 'loses a row') this.database.delete(1);
  }

  async identical(): Promise<boolean | null> {
    return this.engine.lies.identical === undefined ? true : this.engine.lies.identical;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.engine.calls.push(`dispose ${this.label}`);
  }
}

class FakeSession implements Session {
  readonly #clone: FakeClone;
  /** Whether this is the rollback script's session. */
  readonly #back: boolean;
  #work: Database | undefined;
  ended = false;

  constructor(clone: FakeClone, back: boolean) {
    this.#clone = clone;
    this.#back = back;
  }

  async query(sql: string): Promise<string> {
    const { engine, label } = this.#clone;
    engine.calls.push(`ask ${label} ${sql}`);
    return engine.lies.gate ?? engine.lies.query ?? String(this.#work!.size);
  }

  async begin(): Promise<void> {
    this.#work = new Map(this.#clone.database);
  }

  async apply(): Promise<void> {
    const { engine, label } = this.#clone;
    engine.calls.push(`apply ${label}`);
    if (this.#back) {
      this.#rollBack();
      return;
    }
    engine.during();
    const { apply, writes } = engine.lies;
    this.ended = apply === 'TIME_LIMIT';
    if (apply) throw new CustodyError(apply, 'as asked', { path: 'statement 1' });
    if (writes !== 'nothing') this.#work!.set(3, ['three', engine.tick()]);
    if (writes === 'an update') this.#work!.set(1, ['uno', '2026']);
    if (writes === 'a deletion') this.#work!.delete(2);
    if (writes === 'another row') this.#work!.set(4, ['four', engine.tick()]);
  }

  #rollBack(): void {
    const { script } = this.#clone.engine.lies;
    if (script === 'fails') throw new CustodyError('SQL_FAILED', 'as asked', { path: 'statement 1' });
    if (script === undefined) this.#work = new Map(SOURCE);
  }

  async capture(sink: ObjectSink): Promise<Captured> {
    const work = new Map(this.#work);
    if (this.#clone.engine.lies.inside) work.set(3, ['another', 'x']);
    return captureOf(work, sink);
  }

  async rollback(): Promise<void> {
    const { rollback, failedRollback, dies } = this.#clone.engine.lies;
    if (dies === 'ROLLBACK') throw new CustodyError('ENGINE_FAILED', 'the session is gone');
    if (failedRollback) throw new CustodyError('ENGINE_FAILED', 'the session is gone');
    if (rollback) this.#clone.database = new Map(this.#work);
    if (rollback === 'takes a row along') this.#clone.database.delete(3);
    if (rollback === 'takes a row along') this.#clone.database.delete(2);
    this.#work = undefined;
  }

  async commit(): Promise<void> {
    if (this.#clone.engine.lies.dies === 'COMMIT')
      throw new CustodyError('ENGINE_FAILED', 'the session is gone');
    if (!this.#clone.engine.lies.commit) this.#clone.database = new Map(this.#work);
    this.#work = undefined;
  }

  async inTransaction(): Promise<boolean> {
    const { open } = this.#clone.engine.lies;
    const seen = open === this.#clone.label && this.#back === (open === 'S');
    return seen || this.#work !== undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#clone.engine.calls.push(`close ${this.#clone.label}`);
  }
}

function captureOf(database: Database, sink: ObjectSink): Captured {
  const builder = new SnapshotBuilder(sink, 'sqlite');
  builder.fact('user_version', '0');
  const table = builder.table({
    name: 'births',
    format: 'sqlite-record',
    columns: ['id', 'name', 'born'].map((name) => ({ name, type: '' })),
    key: { type: 'declared', columns: ['id'] },
  });
  for (const [id, [name, born]] of [...database].sort(([a], [b]) => a - b)) {
    table.add(encodeKey([BigInt(id)]), encodeRecord([BigInt(id), name, born]));
  }
  table.close();
  return builder.finish();
}
