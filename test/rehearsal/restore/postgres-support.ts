import { captureCommitted } from '../../../src/engines/postgres/capture/capture.ts';
import { findBinaries } from '../../../src/engines/postgres/cluster/binaries.ts';
import { Cluster } from '../../../src/engines/postgres/cluster/cluster.ts';
import { IMAGE, makeImage } from '../../../src/engines/postgres/dump/image.ts';
import { CAPTURE, lockDatabase } from '../../../src/engines/postgres/roles.ts';
import type { Link } from '../../../src/objects/link.ts';
import { MemoryObjects } from '../../../src/objects/memory-objects.ts';
import { resultOf } from '../../../src/objects/walk.ts';
import { restoreScript, type RestoreScript } from '../../../src/rehearsal/restore-script.ts';

export interface ServerWay {
  readonly made: RestoreScript;
  readonly a: string;
  readonly b: string;
  readonly restored: string;
}

/** A throw-away server with one database loaded from a dump (state A); each way back works on copies of it. */
export class Server implements AsyncDisposable {
  readonly #cluster: Cluster;
  readonly objects = new MemoryObjects();
  #copies = 0;
  #before: Link | undefined;

  private constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  static async start(dump: string): Promise<Server> {
    const cluster = await Cluster.start(await findBinaries());
    try {
      await makeImage(cluster, dump);
      return new Server(cluster);
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Changes a copy of A into B, captures both, makes the script, runs it on B, and captures again. */
  async wayBack(change: string): Promise<ServerWay> {
    this.#before ??= await this.#capture(await this.#copy());
    const database = await this.#copy();
    await this.#run(database, change);
    const after = await this.#capture(database);
    const made = resultOf(restoreScript(this.#before, after), this.objects.get);
    await this.#run(database, made.script).catch((cause: unknown) => {
      throw new Error(made.script, { cause });
    });
    const restored = await this.#capture(database);
    return { made, a: this.#before.digest, b: after.digest, restored: restored.digest };
  }

  async #copy(): Promise<string> {
    const name = `way_${this.#copies++}`;
    await using admin = await this.#cluster.connect('postgres');
    await admin.script(`CREATE DATABASE ${name} TEMPLATE ${IMAGE}`);
    await lockDatabase(admin, name);
    return name;
  }

  async #run(database: string, sql: string): Promise<void> {
    await using connection = await this.#cluster.connect(database);
    await connection.script(sql);
  }

  async #capture(database: string): Promise<Link> {
    await using connection = await this.#cluster.connect(database, CAPTURE);
    return (await captureCommitted(connection, this.objects)).snapshot;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#cluster[Symbol.asyncDispose]();
  }
}
