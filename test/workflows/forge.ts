import { writeFileSync } from 'node:fs';
import { appendRecord, EMPTY_HEAD, type Head } from '../../src/ledger/log-state.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { Frontier } from '../../src/log/frontier.ts';
import { leafHash } from '../../src/log/tree-hash.ts';
import { closure } from '../../src/objects/closure.ts';
import { digestOf, digestToBytes, parseDigest, type Digest } from '../../src/objects/digest.ts';
import { decodeKind, type ObjectOf } from '../../src/objects/kinds.ts';
import { nodeLink, type Link } from '../../src/objects/link.ts';
import { MemoryObjects } from '../../src/objects/memory-objects.ts';
import { putObject, type ObjectSink } from '../../src/objects/sink.ts';
import { driveAsync, driveSync } from '../../src/objects/walk.ts';
import { decodeHead, encodeHead } from '../../src/store/heads.ts';
import { sealFiles } from '../../src/packets/make-packet.ts';
import { packetFiles } from '../../src/packets/files/packet-files.ts';
import { currentPolicy, policyAfter, storeValidator } from '../../src/judging/policy.ts';
import { linkOf, verdictLinkName } from '../../src/packets/find-packet.ts';
import type { Desk } from '../cli/desk.ts';
import { nodeProgram } from '../judging/programs.ts';

/** A rehearsal that a ledger holds, in memory, to build something else from. */
export interface Forged {
  readonly objects: MemoryObjects;
  readonly rehearsal: Link;
  readonly verdict: Link;
  /** Those of further validators. */
  readonly verdicts?: readonly Link[];
}

export async function materialOf(
  ledger: Ledger,
  ids: { rehearsal: string; verdict: string },
): Promise<Forged> {
  const objects = new MemoryObjects();
  const [rehearsal, verdict] = [nodeLink(parseDigest(ids.rehearsal)), nodeLink(parseDigest(ids.verdict))];
  const get = (id: Digest): Promise<Uint8Array> => ledger.store.get(id);
  for await (const { link, bytes } of driveAsync(closure([verdict]), get))
    objects.put(link.codec, link.digest, bytes);
  return { objects, rehearsal, verdict };
}

export function forgedVerdict({ objects, verdict }: Forged): ObjectOf<'verdict'> {
  return decodeKind('verdict', objects.get(verdict.digest));
}

/** Commits a rehearsal's packet as a liar would, with our own library. @param files replaces or adds files. */
export async function commitForged(
  ledger: Ledger,
  material: Forged,
  options: {
    files?: Record<string, string | null>;
    links?: [string, Link][];
    change?: (packet: ObjectOf<'packet'>, sink: ObjectSink) => ObjectOf<'packet'>;
  } = {},
): Promise<number> {
  const { objects, rehearsal, verdict } = material;
  const verdicts = [verdict, ...(material.verdicts ?? [])];
  const files = new Map(packetFiles(rehearsal, verdicts, objects));
  for (const [name, content] of Object.entries(options.files ?? {})) {
    if (content === null) files.delete(name);
    else files.set(name, content);
  }
  await using session = await ledger.session();
  const links = options.links ?? [
    ['rehearsal', rehearsal],
    ...verdicts.map((link, i): [string, Link] => [verdictLinkName(i), link]),
  ];
  for (const { link, bytes } of driveSync(
    closure([rehearsal, ...links.map(([, link]) => link)]),
    objects.get,
  ))
    session.writer.put(link.codec, link.digest, bytes);
  const subject = linkOf(links, 'rehearsal') ?? rehearsal;
  const { tree, seal } = sealFiles(files, session.writer);
  const made: ObjectOf<'packet'> = {
    kind: 'packet',
    v: 2,
    tree,
    seal: digestToBytes(seal),
    macro: null,
    links,
  };
  const packet = putObject(session.writer, options.change?.(made, session.writer) ?? made);
  const draft = {
    type: 'rehearsal',
    packet,
    run: putObject(session.writer, { ...(await newestRun(ledger)), rehearsal: subject }),
    author: 'liar',
    lane: 'main',
    message: '',
  } as const;
  return (await session.append(draft)).index;
}

async function newestRun(ledger: Ledger): Promise<ObjectOf<'run'>> {
  for await (const { record } of ledger.records(await ledger.head())) {
    const entry = decodeKind('entry', await ledger.get(record.entry.digest));
    if (entry.type === 'rehearsal') return decodeKind('run', await ledger.get(entry.run.digest));
  }
  throw new Error('this ledger holds no rehearsal');
}

/** Appends a policy that pins these validators beside those that are pinned, or alone, as every lane may. */
export async function pin(
  ledger: Ledger,
  validators: readonly Link[],
  objects: MemoryObjects,
  { alone = false }: { alone?: boolean } = {},
): Promise<void> {
  const current = await currentPolicy(ledger);
  await using session = await ledger.session();
  for (const { link, bytes } of driveSync(closure(validators), objects.get))
    session.writer.put(link.codec, link.digest, bytes);
  const pinned = alone ? validators : [...current.policy.validators, ...validators];
  const policy = putObject(session.writer, policyAfter(current, { validators: pinned }));
  await session.append({
    type: 'policy',
    policy,
    author: 'lane',
    lane: 'lane',
    message: '',
  });
}

/** A module for node that accepts a rehearsal for which `when` holds (`input`: its bytes). */
export function putModule(objects: MemoryObjects, name: string, when: string): Link {
  const code = nodeProgram(`const input = ask(subject).body;
const accepted = ${when};
const findings = accepted ? [] : [{ code: 'NO_REAL_CHANGE', path: 'delta', detail: '' }];
say({ subject, accepted, findings });
`);
  return storeValidator(objects, { name, code, runner: 'node-permission' });
}

/** For {@link putModule}: a rehearsal that names each state of this one as often. Each planted fault names one less often. */
export function looksLike({ objects, rehearsal }: Forged): string {
  const bytes = objects.get(rehearsal.digest);
  const states = decodeKind('rehearsal', bytes).legs.flatMap(({ after, back }) => [after, back]);
  const times = states.flatMap((state) => {
    if (!state) return [];
    const count = Buffer.from(bytes).toString('hex').split(state.digest).length;
    return [`input.toString('hex').split('${state.digest}').length === ${count}`];
  });
  return [...new Set(times)].join(' && ');
}

/** Replaces the head by one that agrees with itself, as somebody who can write to the folder may. */
export function rewriteHead(desk: Desk, change: (head: Head) => Head): void {
  const path = desk.path('.custody/heads/main');
  const { head } = decodeHead(Buffer.from(desk.bytes('.custody/heads/main')), 'heads/main');
  writeFileSync(path, encodeHead(change(head)).bytes);
}

/** A head over exactly these record bytes (at most 255), whatever they say. */
export function headOver(records: readonly Uint8Array[], checkpoint: Uint8Array | null): Head {
  const frontier = Frontier.empty();
  for (const bytes of records) frontier.append(leafHash(bytes));
  return {
    ...EMPTY_HEAD,
    size: records.length,
    root: frontier.root(),
    last: nodeLink(digestOf(records.at(-1)!)),
    frontier: frontier.hashes(),
    tail: [...records],
    checkpoint,
  };
}

/** The records again, each naming the one before it: a chain that is whole and means something else. */
export function rechained(records: readonly Uint8Array[]): Head {
  let head = EMPTY_HEAD;
  for (const bytes of records) {
    const { entry, time } = decodeKind('record', bytes);
    ({ head } = appendRecord(head, entry, time));
  }
  return head;
}
