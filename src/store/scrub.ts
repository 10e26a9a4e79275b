import { CustodyError, isCustodyError, isLost } from '../errors.ts';
import { compareFindings, finding, type Finding } from '../finding.ts';
import { unknownOr } from '../objects/object-fault.ts';
import { isRunning } from '../system/process-identity.ts';
import { type Backend, isPackName, type Prefix, temporaryMaker } from './backend.ts';
import { readHead } from './heads.ts';
import { scrubPack } from './scrub-pack.ts';

/** The only head that there is (spec/FORMAT.md, "The ledger's folder"). */
const HEAD = 'heads/main';

export interface ScrubResult {
  /** Files that have a pack's name. */
  readonly packs: number;
  /** Entries in their indexes; an object that two packs hold counts twice. */
  readonly objects: number;
  /** Bytes of packs and heads that were read. */
  readonly bytes: number;
  /** Temporary files whose writer is not known to run: no damage, and a later writer removes them. */
  readonly leftovers: readonly string[];
  /** All damage, in the order of {@link compareFindings}. */
  readonly findings: readonly Finding[];
}

export interface ScrubOptions {
  readonly signal?: AbortSignal;
  /** Called after each file. */
  readonly onFile?: (name: string) => void;
}

/**
 * The physical part of fsck: every byte of every pack and head is read and hashed, and no index is believed. It goes on
 * after each fault. One pass, in time linear in the size of the ledger.
 *
 * Codes: PACK_MISNAMED, PACK_DAMAGED (path: the pack) · OBJECT_DAMAGED, OBJECT_INVALID, OBJECT_VERSION_UNKNOWN (path: the object) · HEAD_DAMAGED ·
 * FILE_FOREIGN. That the head's objects are all there is the ledger's part.
 * @throws INTERRUPTED, PERMISSION_DENIED, IO_FAILED when a folder cannot be listed, or a file not be opened.
 */
export async function scrub(backend: Backend, options: ScrubOptions = {}): Promise<ScrubResult> {
  const findings: Finding[] = [];
  const leftovers: string[] = [];
  const total = { packs: 0, objects: 0, bytes: 0 };
  const seen = new Set<string>();
  const other = async (name: string): Promise<void> => {
    const maker = temporaryMaker(name.slice(name.indexOf('/') + 1));
    if (maker === undefined || !(await isFile(backend, name)))
      findings.push(finding('FILE_FOREIGN', name, 'not a file of custody'));
    else if (isRunning(maker) !== true) leftovers.push(name);
  };
  // A pack that is gone was merged into another since it was listed: list again until none is missed.
  for (let gone: string[] = [], again = true; again; again = gone.length > 0) {
    const missed = new Set(gone);
    gone = [];
    for await (const name of names(backend, 'packs/', options)) {
      if (missed.has(name)) findings.push(finding('PACK_DAMAGED', name, 'it is listed but cannot be opened'));
      if (seen.has(name)) continue;
      seen.add(name);
      if (!isPackName(name)) {
        await other(name);
        continue;
      }
      const found = await scrubPack(backend, name);
      if (found === null) gone.push(name);
      else {
        total.packs++;
        total.objects += found.objects;
        total.bytes += found.bytes;
        for (const one of found.findings) findings.push(one);
      }
    }
  }
  for await (const name of names(backend, 'heads/', options)) {
    if (name === HEAD) total.bytes += await scrubHead(backend, name, findings);
    else await other(name);
  }
  return { ...total, leftovers, findings: findings.sort(compareFindings) };
}

async function* names(
  backend: Backend,
  prefix: Prefix,
  { signal, onFile }: ScrubOptions,
): AsyncIterable<string> {
  for await (const name of backend.list(prefix)) {
    if (signal?.aborted) throw interrupted(signal);
    yield name;
    onFile?.(name);
  }
}

async function scrubHead(backend: Backend, name: string, findings: Finding[]): Promise<number> {
  try {
    return (await readHead(backend, name.slice('heads/'.length)))?.bytes.length ?? 0;
  } catch (error) {
    if (!isLost(error)) throw error;
    findings.push(finding(unknownOr(error, 'HEAD_DAMAGED'), name, error.message));
    return 0;
  }
}

function interrupted({ reason }: AbortSignal): CustodyError {
  return new CustodyError('INTERRUPTED', 'interrupted while checking the packs', {
    cause: reason,
    hint: 'Run the command again.',
  });
}

/** Also where it is gone meanwhile, or may not be opened: others' files are told by their names. */
async function isFile(backend: Backend, name: string): Promise<boolean> {
  try {
    await backend.size(name);
    return true;
  } catch (error) {
    if (isCustodyError(error, 'PERMISSION_DENIED') || isCustodyError(error, 'PATH_NOT_FOUND')) return true;
    if (isCustodyError(error, 'PATH_NOT_A_FILE')) return false;
    throw error;
  }
}
