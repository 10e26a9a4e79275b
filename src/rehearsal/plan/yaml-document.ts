import { CustodyError, isCustodyError, type ErrorCode } from '../../errors.ts';
import { canonicalJson } from '../../objects/json.ts';
import type { Of } from '../../rules/declare.ts';
import { faultsIn, type Schema } from '../../rules/json-schema.ts';
import type { YamlDocument } from '../../rules/yaml.ts';

/** What a kind of YAML file is called and checked against. */
export interface DocumentKind<S extends Schema> {
  /** For messages: `plan`. */
  readonly noun: string;
  readonly schema: S;
  readonly codes: {
    readonly syntax: ErrorCode;
    readonly unknownKey: ErrorCode;
    readonly invalid: ErrorCode;
  };
  /** What lists the keys, for hints. */
  readonly reference: string;
}

/** What a file says, of the type that its schema declares, and as the one document that is judged. */
export type DocumentOf<S> = YamlDocument & { readonly value: Of<S>; readonly json: Uint8Array };

/**
 * Parses YAML and checks it against a JSON Schema.
 * @param report is given each fault against the schema, unknown keys first; then the first of them is thrown.
 * @throws CustodyError the kind's codes, each with `path` = `FILE:LINE`.
 */
export async function parseDocument<S extends Schema>(
  bytes: Uint8Array,
  path: string,
  kind: DocumentKind<S>,
  report: (error: CustodyError) => void = () => undefined,
): Promise<DocumentOf<S>> {
  const { readYaml } = await import('../../rules/yaml.ts');
  const read = readYaml(bytes);
  if ('fault' in read)
    throw new CustodyError(kind.codes.syntax, read.fault, {
      path: `${path}:${read.line}`,
      hint: `Correct the YAML at this line; ${kind.reference}, says what a ${kind.noun} may hold.`,
    });
  const faults = schemaFaults(read, path, kind);
  faults.forEach(report);
  if (faults[0]) throw faults[0];
  return { ...(read as YamlDocument & { readonly value: Of<S> }), json: jsonOf(read.value, path, kind) };
}

/** YAML has values that JSON has not: a lone surrogate, an alias that holds itself. */
function jsonOf(value: unknown, path: string, { codes }: DocumentKind<Schema>): Uint8Array {
  try {
    return canonicalJson(value);
  } catch (cause) {
    if (!isCustodyError(cause, 'OBJECT_NOT_CANONICAL')) throw cause;
    throw new CustodyError(codes.invalid, cause.message, {
      cause,
      path: `${path}:1`,
      hint: 'Use numbers, text, lists and maps that JSON has too.',
    });
  }
}

/** Unknown keys first: they are mostly why a needed one is missing. */
function schemaFaults<S extends Schema>(
  { value, lineOf }: YamlDocument,
  path: string,
  { noun, schema, codes, reference }: DocumentKind<S>,
): CustodyError[] {
  const unknown: CustodyError[] = [];
  const invalid: CustodyError[] = [];
  for (const { pointer, keyword, message } of faultsIn(schema, value)) {
    const at = `${path}:${lineOf(pointer)}`;
    if (keyword === 'additionalProperties') {
      const hint = `Remove the key or correct its name; ${reference}, lists the keys.`;
      unknown.push(new CustodyError(codes.unknownKey, message, { path: at, hint }));
    } else {
      const hint = `Correct this line; ${reference}, lists the keys.`;
      const what = `${pointer || `the ${noun}`} ${message}`;
      invalid.push(new CustodyError(codes.invalid, what, { path: at, hint }));
    }
  }
  return [...unknown, ...invalid];
}
