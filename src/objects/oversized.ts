import { CustodyError } from '../errors.ts';
import { finding, type Finding } from '../finding.ts';
import { DigestTable } from './digest-table.ts';
import type { Digest } from './digest.ts';
import { MAX_BLOB } from './cutting/chunker.ts';
import { contentFacts, listsOf } from './file.ts';
import type { Link } from './link.ts';
import { need, resultOfAsync, type Get, type Walk } from './walk.ts';

/**
 * So much content may be claimed before it is asked what is stored for it (spec/FORMAT.md, "--limit-size"). Bytes: 64
 * GiB.
 */
export const LIMIT_SIZE = 2 ** 36;

/** What was claimed, where that is too much. */
export interface Oversized {
  /** Bytes that all contents together say to have. */
  readonly claimed: number;
  /** Bytes that are stored for them. */
  readonly stored: number;
  /** Each `file` that says to be longer than what is stored for it, once: not to be hashed whole. */
  readonly files: readonly { readonly link: Link; readonly size: number; readonly stored: number }[];
}

/**
 * Adds what contents claim, before any of it is hashed: chunks and lists that are shared make petabytes of a few objects.
 * It reads the `file` documents; lists and blobs only where there is doubt.
 * @param contents as often as each is to be read.
 * @returns undefined where the claims are within `limit`, or within what is stored.
 * @throws what {@link contentFacts} and {@link listsOf} throw.
 */
export function* oversized<T>(contents: readonly Link[], limit: number): Walk<T, Oversized | undefined> {
  const sizes = new Map<Digest, number>();
  const total = (): number => contents.reduce((sum, link) => sum + (sizes.get(link.digest) ?? MAX_BLOB), 0);
  for (const link of contents)
    if (link.codec !== 'raw' && !sizes.has(link.digest))
      sizes.set(link.digest, (yield* contentFacts<T>(link)).size);
  if (total() <= limit) return undefined;
  for (const link of contents)
    if (!sizes.has(link.digest)) sizes.set(link.digest, (yield* need<T>(link.digest)).length);
  const claimed = total();
  if (claimed <= limit) return undefined;
  const all = new Map<Digest, number>();
  const files: { link: Link; size: number; stored: number }[] = [];
  const met = new Set<Digest>();
  for (const link of contents) {
    if (met.has(link.digest)) continue;
    met.add(link.digest);
    const size = sizes.get(link.digest)!;
    const chunks = link.codec === 'raw' ? new Map([[link.digest, size]]) : yield* chunksOf<T>(link);
    for (const [digest, length] of chunks) all.set(digest, length);
    const stored = sum(chunks);
    if (size > stored) files.push({ link, size, stored });
  }
  const stored = sum(all);
  return claimed <= stored ? undefined : { claimed, stored, files };
}

/** The chunks of a file, each once, with their lengths. */
function* chunksOf<T>(link: Link): Walk<T, Map<Digest, number>> {
  const chunks = new Map<Digest, number>();
  yield* listsOf<T>(link, new Map(), (chunk, length) => chunks.set(chunk.digest, length));
  return chunks;
}

function sum(lengths: ReadonlyMap<Digest, number>): number {
  let total = 0;
  for (const length of lengths.values()) total += length;
  return total;
}

/** What is not hashed, and how it would be. */
export function notHashed({ claimed, files }: Oversized): Finding[] {
  return files.map(({ link, size, stored }) =>
    finding(
      'CONTENT_NOT_HASHED',
      link.digest,
      `it says to have ${size} bytes, and ${stored} are stored for it; to hash it all the same: --limit-size ${claimed}`,
    ),
  );
}

/**
 * {@link oversized} for whoever reads all of these contents and nothing else.
 * @throws CustodyError OBJECT_TOO_LARGE, with a finding for each file that is named.
 */
export async function requireWithin(
  contents: readonly Link[],
  get: Get,
  { signal, limitSize = LIMIT_SIZE }: { signal?: AbortSignal | undefined; limitSize?: number | undefined },
): Promise<void> {
  const over = await resultOfAsync(oversized(contents, limitSize), get, signal ? { signal } : {});
  if (!over) return;
  throw new CustodyError(
    'OBJECT_TOO_LARGE',
    `${over.claimed} bytes are claimed, and ${over.stored} are stored for them`,
    {
      findings: notHashed(over),
      hint: `Whoever made this may have meant to fill your disk or to keep you waiting; to read it all the same: --limit-size ${over.claimed}.`,
    },
  );
}

/**
 * A source for whoever reads what he meets: it gives the same objects again until that comes to more than the limit.
 * @throws besides what `get` throws OBJECT_TOO_LARGE.
 */
export function withoutRepeats(get: Get, limitSize = LIMIT_SIZE): Get {
  const met = new DigestTable();
  let again = 0;
  return async (id) => {
    const bytes = await get(id);
    if (met.find(id) >= 0) again += bytes.length;
    else met.add(id);
    if (again <= limitSize) return bytes;
    throw new CustodyError('OBJECT_TOO_LARGE', `more than ${limitSize} bytes were read again and again`, {
      path: id,
      hint: 'To go on all the same, give a greater --limit-size.',
    });
  };
}
