import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ledger, type AppendOptions, type AppendResult } from '../../src/ledger/ledger.ts';
import { putBlob } from '../../src/objects/sink.ts';
import type { ObjectOf } from '../../src/objects/kinds.ts';
import type { Link } from '../../src/objects/link.ts';

/** In memory where there is such a place: for tests of many commits, each of which waits for the disk several times. */
export const QUICK = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** A folder with a ledger in it, and a folder for keys beside it. */
export class Place implements Disposable {
  readonly dir: string;
  readonly keys: string;

  /** @param root where; by default the folder for temporary files. */
  constructor(root = tmpdir()) {
    this.dir = mkdtempSync(join(root, 'custody-ledger-'));
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

/** Appends one entry that links one blob. */
export async function commitText(
  ledger: Ledger,
  text: string,
  options: AppendOptions & { lane?: string } = {},
): Promise<AppendResult & { blob: Link }> {
  await using session = await ledger.session();
  const blob = putBlob(session.writer, new Uint8Array(Buffer.from(text)));
  const draft = {
    type: 'packet',
    links: [['blob', blob]],
    author: 'test',
    lane: options.lane ?? 'main',
    message: text,
  } as const;
  return { ...(await session.append(draft, options)), blob };
}
