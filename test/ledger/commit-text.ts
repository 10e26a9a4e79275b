import type { AppendOptions, AppendResult, Ledger } from '../../src/ledger/ledger.ts';
import type { Link } from '../../src/objects/link.ts';
import { putBlob } from '../../src/objects/sink.ts';

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
