import { vi } from 'vitest';
import type { AppendOptions, AppendResult, Ledger } from '../../src/ledger/ledger.ts';
import { digestToBytes } from '../../src/objects/digest.ts';
import type { Link } from '../../src/objects/link.ts';
import { putObject, type ObjectSpool } from '../../src/objects/sink.ts';
import { sealFiles } from '../../src/packets/make-packet.ts';

/** Appends one entry whose packet has one file. */
export async function commitText(
  ledger: Ledger,
  text: string,
  options: AppendOptions & { lane?: string } = {},
): Promise<AppendResult> {
  await using session = await ledger.session();
  const draft = {
    type: 'packet',
    packet: putTextPacket(session.writer, text),
    author: 'test',
    lane: options.lane ?? 'main',
    message: text,
  } as const;
  return await session.append(draft, options);
}

/** {@link commitText}, where another writer comes first to the lock. */
export async function overtaken(ledger: Ledger, other: Ledger): Promise<AppendResult> {
  const { backend } = ledger.store;
  const lock = backend.lock.bind(backend);
  vi.spyOn(backend, 'lock').mockImplementationOnce(async (options) => {
    await commitText(other, 'faster');
    return lock(options);
  });
  return commitText(ledger, 'overtaken');
}

/** A packet with one file. */
export function putTextPacket(sink: ObjectSpool, text: string): Link {
  const { tree, seal } = sealFiles(new Map([['text', text]]), sink);
  return putObject(sink, {
    kind: 'packet',
    v: 2,
    tree,
    seal: digestToBytes(seal),
    macro: null,
    links: [],
  });
}
