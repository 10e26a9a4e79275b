/**
 * HASH_MANIFEST.txt and packet_tree.sha256: their exact bytes, written and read strictly (spec/FORMAT.md, "Packets").
 * The lines are those of `sha256sum` (coreutils, "cksum common options"); we refuse what coreutils overlook.
 */
import { hasControlCharacter } from '../../objects/control-characters.ts';
import { finding } from '../../finding.ts';
import type { Finding, FindingCode } from '../../finding.ts';
import type { Digest } from '../../objects/digest.ts';
import {
  MANIFEST_NAME,
  SEAL_NAME,
  comparePaths,
  coreutilsRefusal,
  decodeName,
  isControlPath,
  showName,
} from './names.ts';

/** A larger manifest (some 2.5 million files) is refused unread: it is held in memory. */
export const MANIFEST_LIMIT = 256 * 1024 * 1024;
/** Faulty lines beyond this are counted, not listed: a hostile manifest must not fill the memory with findings. */
export const LINE_FINDINGS_LIMIT = 10_000;

const HEX_LENGTH = 64;
const NAME_START = HEX_LENGTH + 2;

export interface ManifestLine {
  readonly path: string;
  readonly sha256: Digest;
}

/** The bytes of a manifest: `<64 hex>  <path>\n` a file, sorted by the bytes of the path. */
export function formatManifest(lines: Iterable<ManifestLine>): Buffer {
  const sorted = [...lines].sort((a, b) => comparePaths(a.path, b.path));
  return Buffer.from(sorted.map((line) => `${line.sha256}  ${line.path}\n`).join(''));
}

/** The bytes of the seal file: the `sha256sum` line of the manifest, 84 bytes. */
export function formatSeal(manifest: Digest): Buffer {
  return Buffer.from(`${manifest}  ${MANIFEST_NAME}\n`);
}

/** The seal; undefined unless the bytes are exactly those {@link formatSeal} writes. */
export function parseSeal(bytes: Uint8Array): Digest | undefined {
  const text = Buffer.from(bytes).toString('latin1');
  return SEAL_LINE.test(text) ? (text.slice(0, HEX_LENGTH) as Digest) : undefined;
}

const SEAL_LINE = new RegExp(`^[0-9a-f]{64} {2}${MANIFEST_NAME.replace('.', '\\.')}\\n$`);

export interface ParsedManifest {
  /** What the acceptable lines promise; of duplicates the first. */
  readonly files: ReadonlyMap<string, Digest>;
  readonly findings: readonly Finding[];
}

/** Reads a manifest. Collects every fault, at `HASH_MANIFEST.txt:<line>`; never throws, opens nothing it names. */
export function parseManifest(bytes: Uint8Array): ParsedManifest {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const files = new Map<string, Digest>();
  const findings: Finding[] = [];
  let faults = 0;
  let line = 0;
  let previous: string | undefined;
  const report = (code: FindingCode, detail: string): void => {
    faults++;
    if (faults <= LINE_FINDINGS_LIMIT) findings.push(finding(code, `${MANIFEST_NAME}:${line}`, detail));
  };

  for (let start = 0; start < buffer.length;) {
    const newline = buffer.indexOf(0x0a, start);
    const end = newline === -1 ? buffer.length : newline;
    line++;
    const parsed = parseLine(buffer.subarray(start, end), report);
    if (newline === -1) report('MANIFEST_LINE_MALFORMED', 'the last line does not end in a newline');
    start = end + 1;
    if (parsed === undefined) continue;
    if (previous !== undefined && comparePaths(parsed.path, previous) < 0) {
      report('MANIFEST_UNSORTED', `${JSON.stringify(parsed.path)} comes after ${JSON.stringify(previous)}`);
    }
    previous = parsed.path;
    if (files.has(parsed.path))
      report('MANIFEST_LINE_DUPLICATE', `${JSON.stringify(parsed.path)} is listed twice`);
    else files.set(parsed.path, parsed.sha256);
  }

  if (line === 0)
    findings.push(
      finding('MANIFEST_LINE_MALFORMED', MANIFEST_NAME, 'it lists no file: an empty packet proves nothing'),
    );
  if (faults > LINE_FINDINGS_LIMIT) {
    const more = faults - LINE_FINDINGS_LIMIT;
    findings.push(finding('MANIFEST_LINE_MALFORMED', MANIFEST_NAME, `${more} more faults in its lines`));
  }
  return { files, findings };
}

type Report = (code: FindingCode, detail: string) => void;

/** One line without its newline; undefined when it cannot be matched with a file. */
function parseLine(line: Buffer, report: Report): ManifestLine | undefined {
  const head = line.subarray(0, NAME_START + 1).toString('latin1');
  if (/^\\[0-9a-f]{64} {2}/.test(head)) {
    report(
      'MANIFEST_NAME_REFUSED',
      'an escaped line: its name holds a backslash, a newline or a carriage return',
    );
    return undefined;
  }
  if (!/^[0-9a-f]{64} {2}/.test(head) || line.length === NAME_START) {
    report('MANIFEST_LINE_MALFORMED', 'not 64 lower-case hex digits, two spaces and a path');
    return undefined;
  }
  const name = line.subarray(NAME_START);
  const path = decodeName(name);
  if (path === undefined) {
    report('MANIFEST_NAME_REFUSED', `${showName(name)} is not UTF-8`);
    return undefined;
  }
  const faults = pathFaults(path);
  for (const [code, why] of faults) report(code, `${showName(name)} ${why}`);
  return faults.length > 0 ? undefined : { path, sha256: head.slice(0, HEX_LENGTH) as Digest };
}

/** What is wrong with a path that a manifest names: every reason, each code once. */
function pathFaults(path: string): [FindingCode, string][] {
  const faults: [FindingCode, string][] = [];
  const segments = path.split('/');
  if (path.startsWith('/')) faults.push(['MANIFEST_PATH_ABSOLUTE', 'is absolute']);
  if (segments.includes('..')) faults.push(['MANIFEST_PATH_CLIMBS', 'climbs with ".."']);
  const refusal = nameRefusal(path, segments);
  if (refusal !== undefined) faults.push(['MANIFEST_NAME_REFUSED', refusal]);
  return faults;
}

function nameRefusal(path: string, segments: readonly string[]): string | undefined {
  if (hasControlCharacter(path)) return 'holds a control character';
  if (segments.includes('.')) return 'holds a "." segment';
  // The first segment of an absolute path is empty too: that is MANIFEST_PATH_ABSOLUTE's alone.
  if (segments.some((segment, i) => segment === '' && i > 0)) return 'holds an empty segment';
  if (isControlPath(path)) return `is ${path === SEAL_NAME ? 'the seal' : 'the manifest itself'}`;
  return coreutilsRefusal(path);
}
