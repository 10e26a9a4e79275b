import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ledger } from '../../src/ledger/ledger.ts';
import { checkHead } from '../../src/ledger/log-state.ts';
import { digestOf } from '../../src/objects/digest.ts';
import type { Codec } from '../../src/objects/link.ts';
import { FsBackend } from '../../src/store/fs.ts';
import { decodeHead } from '../../src/store/heads.ts';
import { PackStore } from '../../src/store/pack-store.ts';
import { fsckLedger } from '../../src/workflows/fsck.ts';
import { verifyRevision } from '../../src/workflows/verify.ts';
import { codes } from '../cli/desk.ts';
import { unhex } from '../objects/support.ts';
import { refusedWith } from '../support/refusals.ts';
import { LedgerPlace } from './support.ts';

/** A ledger without its packs: what is in them, in no order. */
export interface StoredLedger {
  /** The text of config.yaml. */
  readonly config: string;
  /** The file heads/main, in hex. */
  readonly head: string;
  /** Codec and bytes in hex. */
  readonly objects: readonly (readonly [codec: string, hex: string])[];
}

/** What both commands say of a ledger: code and path. */
export interface Faults {
  readonly verify: [string, string][];
  readonly fsck: [string, string][];
  readonly notes: [string, string][];
}

/** What the file of a head is refused with; null where it is not. */
export function headCode(bytes: Uint8Array): string | null {
  const code = refusedWith(() => checkHead(decodeHead(bytes, 'heads/main').head));
  return code === 'none' ? null : code;
}

/** What `verify HEAD` and `fsck` find in a ledger. */
export async function faultsOf({ config, head, objects }: StoredLedger): Promise<Faults> {
  using place = new LedgerPlace();
  const folder = join(place.dir, '.custody');
  const store = await PackStore.open(FsBackend.create(folder));
  await using writer = await store.writer();
  for (const [codec, hex] of objects) {
    const bytes = unhex(hex);
    writer.put(codec as Codec, digestOf(bytes), bytes);
  }
  await writer.finish();
  mkdirSync(join(folder, 'heads'), { recursive: true });
  writeFileSync(join(folder, 'heads/main'), unhex(head));
  writeFileSync(join(folder, 'config.yaml'), config);
  await using ledger = await Ledger.open(place.dir, { keys: place.keys });
  const verified = await verifyRevision(ledger, 'HEAD');
  const checked = await fsckLedger(ledger);
  return { verify: codes(verified.findings), fsck: codes(checked.findings), notes: codes(checked.notes) };
}
