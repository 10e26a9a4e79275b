import { existsSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ledger } from '../../src/ledger/ledger.ts';
import type { ObjectOf } from '../../src/objects/kinds.ts';
import { makeTestFolder } from '../support/folder.ts';

/** In memory where there is such a place: for tests of many commits, each of which waits for the disk several times. */
export const QUICK = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** A folder with a ledger in it, and a folder for keys beside it. */
export class LedgerPlace implements Disposable {
  readonly dir: string;
  readonly keys: string;

  /** @param root where; by default the folder for temporary files. */
  constructor(root = tmpdir()) {
    this.dir = makeTestFolder('ledger', root);
    this.keys = join(this.dir, 'keys');
  }

  async init(): Promise<Ledger> {
    const { ledger } = await Ledger.init(this.dir, {
      origin: 'test.example/log',
      author: 'test',
      keys: this.keys,
      fill,
    });
    return ledger;
  }

  async open(): Promise<Ledger> {
    return Ledger.open(this.dir, { keys: this.keys });
  }

  [Symbol.dispose](): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** A first policy that pins nothing: the ledger does not look into it. */
export async function fill(): Promise<ObjectOf<'policy'>> {
  const none = { validators: [], expected: [], isolation: [], roles: [], required: [] };
  return { kind: 'policy', v: 2, previous: null, ...none };
}
