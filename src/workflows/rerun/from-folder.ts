import { join } from 'node:path';
import { openRegular, readRegular } from '../../system/regular-file.ts';
import { CustodyError } from '../../errors.ts';
import { digestOf, digestToBytes, type Digest } from '../../objects/digest.ts';
import type { Json } from '../../objects/json.ts';
import { decodeKind, versionOf } from '../../objects/kinds.ts';
import { MemoryObjects } from '../../objects/memory-objects.ts';
import { sha256Hasher } from '../../objects/sha256.ts';
import type { PacketFile } from '../../packets/seal/check.ts';
import { requireSealed } from '../../packets/store-packet.ts';
import { scriptNames } from '../../packets/files/file-names.ts';
import { hasInterpreterLine } from '../../judging/interpreter-line.ts';
import { storeValidator, type PinnedValidator } from '../../judging/policy.ts';
import { isListed, shippedTemplates, templatePath, type Templates } from '../../packets/files/templates.ts';
import { SURROGATE_FILE } from '../../packets/files/profile-files.ts';
import { jsonDocument, type JsonDocument } from './json-document.ts';
import type { Opened, RerunSubject, SubjectPart } from './subject.ts';
import { requireTrusted } from './trust.ts';

/** Bytes of a file of a packet that is read whole. */
const MAX_FILE = 256 * 1024 * 1024;

/**
 * A rehearsal as an unpacked packet holds it: no ledger is needed, the seal is checked first.
 * @param trusted validators that may run beside the one of this version.
 * @throws CustodyError PACKET_NOT_SEALED, PACKET_BROKEN (also where it is sealed and no packet of a rehearsal),
 *   OBJECT_VERSION_UNKNOWN, VALIDATOR_NOT_PINNED.
 */
export async function subjectFromFolder(
  dir: string,
  trusted: readonly Digest[],
  options: { signal?: AbortSignal } = {},
): Promise<RerunSubject> {
  const { files, seal } = await requireSealed(dir, { ...options, for: 'run' });
  const packet = new SealedFolder(dir, files);
  const rehearsal = jsonDocument('rehearsal.json', await packet.json('rehearsal.json'));
  const id = rehearsal.at('id').digest();
  requireKnownVersion(rehearsal);
  const verdicts = new Map<string, Json>();
  for (const { path } of files)
    if (/^verdict(-\d+)?\.json$/.test(path)) verdicts.set(path, await packet.json(path));
  const validators = await validatorsOf(packet, rehearsal);
  await requireTrusted(validators, trusted);
  const changes = jsonDocument('row-changes.json', await packet.json('row-changes.json')).at('changes');
  const rollback = rehearsal.at('rollback');
  const scripts = scriptsOf(packet, rehearsal.at('executor'), rollback.value === null ? undefined : rollback);
  return {
    id,
    seal,
    rehearsal: rehearsal.value,
    verdicts,
    changes: changes.items().map(({ value }) => value),
    files: new Map(files.map(({ path, sha256 }) => [path, sha256])),
    written: await packet.bytes('plan.yaml'),
    profile: packet.has('profile.yaml') ? await packet.bytes('profile.yaml') : undefined,
    surrogate: packet.has(SURROGATE_FILE) ? await packet.bytes(SURROGATE_FILE) : undefined,
    templates: await packet.templates(),
    ran: undefined,
    probed: rehearsal.at('probes').value !== null,
    ...scripts,
    source: new Map(
      packet.below('source/').map((path): [string, Opened] => [path.slice(7), packet.open(path)]),
    ),
    validators,
    get: undefined,
  };
}

/** Its fields are looked for one by one: in another version they mean something else. */
function requireKnownVersion(rehearsal: JsonDocument): void {
  if (rehearsal.at('v').value === versionOf('rehearsal')) return;
  throw new CustodyError('OBJECT_VERSION_UNKNOWN', 'unknown version of rehearsal', {
    path: 'rehearsal.json/v',
    hint: 'Use the version of custody that made it.',
  });
}

/** The script's own files where it was made of several, else the script. */
function scriptsOf(
  packet: SealedFolder,
  executor: JsonDocument,
  rollback: JsonDocument | undefined,
): Pick<RerunSubject, 'executor' | 'rollback'> {
  const read = (script: JsonDocument): { parts: { path: string; sha256: Uint8Array }[] } => ({
    parts: script
      .at('parts')
      .items()
      .map((part) => ({
        path: part.at('path').text(),
        sha256: digestToBytes(part.at('sha256').digest()),
      })),
  });
  const one = read(executor);
  const two = rollback && read(rollback);
  const names = scriptNames([one, two ?? null]);
  const parts = (script: typeof one, whole: string): SubjectPart[] =>
    script.parts.map((part) => ({ path: part.path, open: packet.open(names.get(part) ?? whole) }));
  return { executor: parts(one, 'executor.sql'), rollback: two && parts(two, 'rollback.sql') };
}

/** The validators that the rehearsal names, made again from their files: each must have the id that is named. */
async function validatorsOf(packet: SealedFolder, rehearsal: JsonDocument): Promise<PinnedValidator[]> {
  const name = 'hardened-validator-result.json';
  const listed = jsonDocument(name, await packet.json(name))
    .at('validators')
    .items();
  const validators: PinnedValidator[] = [];
  for (const item of rehearsal.at('validators').items()) {
    const id = item.digest();
    const found = listed.find((one) => one.at('validator').value === id);
    if (!found) throw noRehearsalPacket(`${name} does not describe the validator ${id}`);
    const code = await packet.bytes(found.at('file').text());
    const objects = new MemoryObjects();
    const runner = hasInterpreterLine(code) ? 'interpreter' : 'node-permission';
    const link = storeValidator(objects, { name: found.at('name').text(), code, runner });
    const validator = decodeKind('validator', objects.get(link.digest));
    if (link.digest !== id) throw noRehearsalPacket(`the validator's file is not that of ${id}`);
    validators.push({ link, validator, code });
  }
  return validators;
}

/** Ours are less than ten deep; whoever compares them descends. */
const MAX_NESTING = 100;

function isShallow(value: Json, left: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return left > 0 && Object.values(value).every((item: Json) => isShallow(item, left - 1));
}

/** Files of a folder whose seal was checked; each must still be what was sealed when it is read. */
class SealedFolder {
  readonly #dir: string;
  readonly #files: ReadonlyMap<string, PacketFile>;

  constructor(dir: string, files: readonly PacketFile[]) {
    this.#dir = dir;
    this.#files = new Map(files.map((file) => [file.path, file]));
  }

  has(path: string): boolean {
    return this.#files.has(path);
  }

  below(prefix: string): string[] {
    return [...this.#files.keys()].filter((path) => path.startsWith(prefix));
  }

  async bytes(path: string): Promise<Uint8Array> {
    const { sha256 } = this.#file(path);
    const bytes = await readRegular(join(this.#dir, path), MAX_FILE);
    if (bytes === undefined) throw noRehearsalPacket(`${path} is larger than ${MAX_FILE} bytes`);
    if (digestOf(bytes) !== sha256) throw changed(path);
    return bytes;
  }

  /** Those that this version knows; else its own. */
  async templates(): Promise<Templates> {
    const templates = new Map(shippedTemplates());
    for (const name of templates.keys()) {
      const file = this.#files.get(templatePath(name));
      if (file && isListed(name, file.sha256))
        templates.set(name, Buffer.from(await this.bytes(file.path)).toString('utf8'));
    }
    return templates;
  }

  async json(path: string): Promise<Json> {
    let value: Json;
    try {
      value = JSON.parse(Buffer.from(await this.bytes(path)).toString('utf8')) as Json;
    } catch (cause) {
      if (!(cause instanceof SyntaxError)) throw cause;
      throw noRehearsalPacket(`${path} is not JSON`, cause);
    }
    if (!isShallow(value, MAX_NESTING)) throw noRehearsalPacket(`${path} is nested too deeply`);
    return value;
  }

  open(path: string): Opened {
    const { sha256 } = this.#file(path);
    const file = join(this.#dir, path);
    return async function* () {
      const hasher = sha256Hasher();
      await using handle = await openRegular(file, { follow: false });
      for await (const piece of handle.createReadStream({ autoClose: false })) {
        const bytes = piece as Buffer;
        hasher.update(bytes);
        yield bytes;
      }
      if (hasher.hex() !== sha256) throw changed(path);
    };
  }

  /** A packet of ours has no symlinks. */
  #file(path: string): PacketFile {
    const file = this.#files.get(path);
    if (!file || file.mode === 'symlink') throw noRehearsalPacket(`it has no file ${path}`);
    return file;
  }
}

function changed(path: string): CustodyError {
  return new CustodyError('PACKET_BROKEN', `${path} changed while it was read`, {
    path,
    hint: 'Let nothing write to the packet, then try again.',
  });
}

export function noRehearsalPacket(what: string, cause?: unknown): CustodyError {
  return new CustodyError('PACKET_BROKEN', `this is no packet of a rehearsal: ${what}`, {
    cause,
    hint: 'Give a packet as custody rehearse --out or custody unpack wrote it.',
  });
}
