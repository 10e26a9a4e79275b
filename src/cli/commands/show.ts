import { contentFacts } from '../../objects/file.ts';
import { toJson, type Json } from '../../objects/json.ts';
import { decodeObject } from '../../objects/kinds.ts';
import { walkTree } from '../../objects/tree.ts';
import { driveAsync, resultOfAsync } from '../../objects/walk.ts';
import { defineCommand } from '../command.ts';
import { printable, textOrBase64, time } from '../text.ts';

export const command = defineCommand({
  about:
    'Describes a record (HEAD, HEAD~2, @12), or any object by its id or at least 8 digits of it. REV:path prints a file\nof a packet. Links and digests are shown as hexadecimal ids.',
  examples: [
    ['custody show', 'the newest record'],
    ['custody show @1', 'record 1'],
    ['custody show HEAD:README.md', 'a file of the newest packet'],
  ],
  options: (y) => y.positional('revision', { type: 'string', default: 'HEAD', describe: 'what to describe' }),
  async run(args, context) {
    const { isBlob, parseRevision, resolveRevision } = await import('../../ledger/revision.ts');
    const { readPath } = await import('../../workflows/operand.ts');
    const { findPacket } = await import('../../packets/find-packet.ts');
    await using ledger = await context.openLedger();
    const { base, path } = parseRevision(args.revision);
    const revision = await resolveRevision(ledger, base);
    if (path !== undefined) {
      const bytes = await readPath(ledger, revision, path);
      if (context.args.json) context.print({ path, size: bytes.length, ...textOrBase64(bytes) }, () => '');
      else context.io.stdout.write(bytes);
      return 0;
    }
    const packet = await findPacket(ledger, revision, { signal: context.signal });
    const files: { path: string; mode: string; size: number; sha256: string }[] = [];
    if (packet) {
      for await (const { path: name, entry } of driveAsync(walkTree(packet.packet.tree), ledger.get, {
        signal: context.signal,
      })) {
        if (entry.mode === 'dir') continue;
        const { size, sha256 } = await resultOfAsync(contentFacts(entry.link), ledger.get);
        files.push({ path: name, mode: entry.mode, size, sha256 });
      }
    }
    const document: Record<string, Json> = {};
    if (revision.type === 'record') {
      const { index, id, record } = revision.record;
      Object.assign(document, {
        record: index,
        recordId: id,
        time: time(record.time),
        entry: {
          id: record.entry.digest,
          ...(toJson(revision.entry) as object),
          time: time(revision.entry.time),
        },
      });
    } else if (await isBlob(ledger, revision.id)) {
      Object.assign(document, {
        id: revision.id,
        kind: 'blob',
        size: (await ledger.get(revision.id)).length,
      });
    } else
      Object.assign(document, {
        id: revision.id,
        ...(toJson(decodeObject(await ledger.get(revision.id))) as object),
      });
    if (packet && revision.type === 'record')
      Object.assign(document, { packet: { id: packet.id, ...(toJson(packet.packet) as object) } });
    if (packet) Object.assign(document, { files });
    context.print(document, () => render(document).join('\n') + '\n');
    return 0;
  },
});

/** YAML-like text: nested fields are indented, long lists stay whole. */
function render(value: Json, indent = ''): string[] {
  if (Array.isArray(value)) {
    if (value.length === 0) return [`${indent}(none)`];
    return value.flatMap((item) =>
      isNested(item) ? [`${indent}-`, ...render(item, `${indent}  `)] : [`${indent}- ${scalar(item)}`],
    );
  }
  if (value === null || typeof value !== 'object') return [`${indent}${scalar(value)}`];
  return Object.entries(value).flatMap(([name, item]) => {
    const key = printable(name);
    if (isFile(item))
      return [
        `${indent}${key}:`,
        ...item.map((f) => `${indent}  ${f.sha256}  ${printable(f.path)} (${f.size} bytes)`),
      ];
    if (isPair(item))
      return [
        `${indent}${key}:`,
        ...item.map(([what, id]) => `${indent}  ${printable(what)}  ${printable(id)}`),
      ];
    return isNested(item)
      ? [`${indent}${key}:`, ...render(item, `${indent}  `)]
      : [`${indent}${key}: ${scalar(item)}`];
  });
}

function isNested(value: Json): boolean {
  return typeof value === 'object' && value !== null && (!Array.isArray(value) || value.length > 0);
}

function isFile(value: Json): value is { sha256: string; path: string; size: number; mode: string }[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every(
      (item) =>
        typeof item === 'object' &&
        item !== null &&
        !Array.isArray(item) &&
        'path' in item &&
        'sha256' in item &&
        'size' in item,
    )
  );
}

function isPair(value: Json): value is [string, string][] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every(
      (item) => Array.isArray(item) && item.length === 2 && item.every((part) => typeof part === 'string'),
    )
  );
}

function scalar(value: Json): string {
  if (Array.isArray(value)) return '(none)';
  if (typeof value === 'object') return '-';
  return printable(String(value));
}
