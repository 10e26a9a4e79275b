import { CustodyError } from '../errors.ts';
import { digestToBytes, type Digest } from '../objects/digest.ts';
import type { Link } from '../objects/link.ts';
import { putObject, type ObjectSink } from '../objects/sink.ts';
import { shellWord } from '../system/shell-word.ts';
import { ingestFolder } from './ingest-folder.ts';
import { checkFolder, type PacketFile } from './seal/check.ts';
import { MANIFEST_NAME, SEAL_NAME } from './seal/names.ts';

/** What {@link requireSealed} found: the files that the manifest lists, and the seal. */
export interface SealedFolder {
  readonly files: readonly PacketFile[];
  readonly seal: Digest;
}

/** Stores a sealed folder and its `packet` object. @throws PACKET_BROKEN where it changed since it was checked. */
export async function storePacket(
  sink: ObjectSink,
  dir: string,
  { files, seal }: SealedFolder,
  options: {
    readonly macro: string | undefined;
    readonly links: readonly (readonly [string, Link])[];
    readonly signal?: AbortSignal;
  },
): Promise<{ packet: Link; tree: Link; seal: Digest }> {
  const expected = new Map(files.map(({ path, sha256 }) => [path, sha256]));
  const tree = await ingestFolder(dir, sink, { expected, signal: options.signal });
  const { macro = null, links } = options;
  return { packet: putPacket(sink, { tree, seal, macro, links }), tree, seal };
}

/** Stores the `packet` object of a sealed tree. */
export function putPacket(
  sink: ObjectSink,
  {
    tree,
    seal,
    macro,
    links,
  }: {
    readonly tree: Link;
    readonly seal: Digest;
    readonly macro: string | null;
    readonly links: readonly (readonly [string, Link])[];
  },
): Link {
  return putObject(sink, {
    kind: 'packet',
    v: 2,
    tree,
    seal: digestToBytes(seal),
    macro,
    links: links.map(([name, link]) => [name, link]),
  });
}

/** What the user can do next: that depends on what the folder was given for. */
const NEXT = {
  commit: {
    unsealed: (dir: string) => `Run custody seal ${dir}, then commit.`,
    broken: (dir: string) => `Run custody verify ${dir} to see each; nothing was committed.`,
  },
  run: {
    unsealed: () => 'Give a packet as custody rehearse --out or custody unpack wrote it.',
    broken: () =>
      'Nothing was run. Give the packet as it was sealed; custody unpack writes it anew where a ledger holds it.',
  },
} as const;

/**
 * Checks a folder against its seal.
 * @param options.for what it was given for.
 * @throws PACKET_NOT_SEALED, PACKET_BROKEN, each with all findings.
 */
export async function requireSealed(
  dir: string,
  {
    expect,
    signal,
    for: purpose = 'commit',
  }: { expect?: Digest; signal?: AbortSignal; for?: keyof typeof NEXT } = {},
): Promise<SealedFolder> {
  const check = await checkFolder(dir, { expect, signal });
  const unsealed = check.findings.some(
    ({ code, path }) =>
      (code === 'MANIFEST_MISSING' && path === MANIFEST_NAME) ||
      (code === 'SEAL_MISSING' && path === SEAL_NAME),
  );
  if (unsealed) {
    throw new CustodyError('PACKET_NOT_SEALED', `${dir} is not sealed`, {
      path: dir,
      findings: check.findings,
      hint: NEXT[purpose].unsealed(shellWord(dir)),
    });
  }
  if (check.findings.length > 0 || check.seal === undefined) {
    throw new CustodyError(
      'PACKET_BROKEN',
      `${dir} does not match its seal: ${check.findings.length === 1 ? '1 finding' : `${check.findings.length} findings`}`,
      {
        path: dir,
        findings: check.findings,
        hint: NEXT[purpose].broken(shellWord(dir)),
      },
    );
  }
  return { files: check.files, seal: check.seal };
}
