import type { ErrorObject } from 'ajv/dist/2020.js';
import { CustodyError, type ErrorCode } from '../../errors.ts';
import type { YamlDocument } from '../../rules/yaml.ts';

/** What a kind of YAML file is called and checked against. */
export interface DocumentKind {
  /** For messages: `plan`. */
  readonly noun: string;
  /** A JSON Schema (draft 2020-12). */
  readonly schema: object;
  readonly codes: {
    readonly syntax: ErrorCode;
    readonly unknownKey: ErrorCode;
    readonly invalid: ErrorCode;
  };
  /** What lists the keys, for hints. */
  readonly reference: string;
}

/**
 * Parses YAML and checks it against a JSON Schema.
 * @param report is given each fault against the schema, unknown keys first; then the first of them is thrown.
 * @throws CustodyError the kind's codes, each with `path` = `FILE:LINE`.
 */
export async function parseDocument(
  bytes: Uint8Array,
  path: string,
  kind: DocumentKind,
  report: (error: CustodyError) => void = () => undefined,
): Promise<YamlDocument> {
  const { readYaml } = await import('../../rules/yaml.ts');
  const read = readYaml(bytes);
  if ('fault' in read)
    throw new CustodyError(kind.codes.syntax, read.fault, {
      path: `${path}:${read.line}`,
      hint: `Correct the YAML at this line; ${kind.reference}, says what a ${kind.noun} may hold.`,
    });
  const { value, lineOf } = read;
  const faults = await schemaFaults(value, path, kind, lineOf);
  faults.forEach(report);
  if (faults[0]) throw faults[0];
  return read;
}

/** Unknown keys first: they are mostly why a needed one is missing. */
async function schemaFaults(
  value: unknown,
  path: string,
  { noun, schema, codes, reference }: DocumentKind,
  lineOf: (pointer: string) => number,
): Promise<CustodyError[]> {
  const { Ajv2020 } = await import('ajv/dist/2020.js');
  const ajv = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true });
  const validate = ajv.compile(schema);
  if (validate(value)) return [];
  const unknown: CustodyError[] = [];
  const invalid: CustodyError[] = [];
  for (const error of validate.errors ?? []) {
    if (error.keyword === 'additionalProperties') {
      const key = String((error.params as { additionalProperty: unknown }).additionalProperty);
      const line = lineOf(`${error.instancePath}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`);
      const options = {
        path: `${path}:${line}`,
        hint: `Remove the key or correct its name; ${reference}, lists the keys.`,
      };
      unknown.push(new CustodyError(codes.unknownKey, `unknown key ${JSON.stringify(key)}`, options));
    } else {
      const line = lineOf(error.instancePath);
      const message = `${error.instancePath || `the ${noun}`} ${explain(error)}`;
      const options = { path: `${path}:${line}`, hint: `Correct this line; ${reference}, lists the keys.` };
      invalid.push(new CustodyError(codes.invalid, message, options));
    }
  }
  return [...unknown, ...invalid];
}

/** Ajv's message, with what it leaves out: the values that are allowed, the value that is wanted. */
function explain({ keyword, message, params }: ErrorObject): string {
  const { allowedValues, allowedValue } = params as { allowedValues?: unknown[]; allowedValue?: unknown };
  if (keyword === 'enum' && allowedValues) return `must be one of ${allowedValues.map(String).join(', ')}`;
  if (keyword === 'const') return `must be ${String(allowedValue)}`;
  return message ?? 'is not valid';
}
