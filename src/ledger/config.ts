import { join } from 'node:path';
import { CustodyError } from '../errors.ts';
import { parseDigest, type Digest } from '../objects/digest.ts';
import { readSmallText } from '../system/small-file.ts';

/** `.custody/config.yaml`: what is local to this ledger. The log itself does not depend on it. */
export interface LedgerConfig {
  /** Of the folder's layout; any other is refused. */
  readonly format: 2;
  /** The log's name, the first line of its checkpoints. */
  readonly origin: string;
  /** C2SP vkey of the log's key. */
  readonly verifierKey: string;
  /** The genesis: digest of the first policy, which an auditor is given. */
  readonly policy: Digest;
}

const FORMAT = 2;
export const CONFIG_NAME = 'config.yaml';

/** The file's text: one fixed form, so that it is read without doubt and compares byte for byte. */
export function formatConfig(config: LedgerConfig): string {
  return [
    '# Custody ledger. The log, the packs and the head say everything else; see spec/FORMAT.md.',
    `format: ${config.format}`,
    `origin: ${JSON.stringify(config.origin)}`,
    `verifierKey: ${JSON.stringify(config.verifierKey)}`,
    `policy: ${JSON.stringify(config.policy)}`,
    '',
  ].join('\n');
}

/**
 * The form in which {@link formatConfig} writes it, read without a parser: every command begins with this. Undefined for
 * any other text, which may be as good.
 */
function parseFixed(text: string): LedgerConfig | undefined {
  const match =
    /^#[^\n]*\nformat: 2\norigin: ("[^\n]*")\nverifierKey: ("[^\n]*")\npolicy: ("[0-9a-f]{64}")\n$/.exec(
      text,
    );
  if (!match) return undefined;
  try {
    const [origin, verifierKey, policy] = match.slice(1).map((json) => String(JSON.parse(json))) as [
      string,
      string,
      string,
    ];
    const config: LedgerConfig = { format: FORMAT, origin, verifierKey, policy: parseDigest(policy) };
    return formatConfig(config) === text ? config : undefined;
  } catch {
    return undefined;
  }
}

/** @throws CustodyError LEDGER_FORMAT_NEWER, LEDGER_FORMAT_OLDER, LEDGER_CONFIG_INVALID, and what reading a file throws. */
export async function readConfig(ledger: string): Promise<LedgerConfig> {
  const path = join(ledger, CONFIG_NAME);
  const text = await readSmallText(path);
  const invalid = (what: string, cause?: unknown): CustodyError =>
    new CustodyError('LEDGER_CONFIG_INVALID', `${path}: ${what}`, {
      path,
      cause,
      hint: 'Restore config.yaml from a copy of the ledger, or write it anew as spec/FORMAT.md describes.',
    });
  const fixed = parseFixed(text);
  if (fixed) return fixed;
  const { parse } = await import('yaml');
  let value: unknown;
  try {
    value = parse(text);
  } catch (cause) {
    throw invalid('not YAML', cause);
  }
  if (typeof value !== 'object' || value === null || !('format' in value)) throw invalid('no format');
  if (Number.isSafeInteger(value.format) && value.format !== FORMAT) {
    const newer = Number(value.format) > FORMAT;
    throw new CustodyError(
      newer ? 'LEDGER_FORMAT_NEWER' : 'LEDGER_FORMAT_OLDER',
      `this ledger has format ${String(value.format)}; this program knows format ${FORMAT}`,
      {
        path,
        hint: newer
          ? 'Use a newer version of custody.'
          : 'Make a new ledger with custody init, and rehearse and commit into it anew; the version of custody that made this one still reads it.',
      },
    );
  }
  const { format, origin, verifierKey, policy } = value as Record<string, unknown>;
  const known = ['format', 'origin', 'verifierKey', 'policy'];
  const foreign = Object.keys(value).find((key) => !known.includes(key));
  if (foreign !== undefined) throw invalid(`unknown key ${foreign}`);
  if (
    format !== FORMAT ||
    typeof origin !== 'string' ||
    typeof verifierKey !== 'string' ||
    typeof policy !== 'string'
  ) {
    throw invalid('format, origin, verifierKey and policy must be there');
  }
  try {
    return { format: FORMAT, origin, verifierKey, policy: parseDigest(policy) };
  } catch (cause) {
    throw invalid('policy is not a digest', cause);
  }
}
