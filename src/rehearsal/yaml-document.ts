import type { ErrorObject } from 'ajv/dist/2020.js';
import { CustodyError, type ErrorCode } from '../errors.ts';

export interface YamlDocument {
  readonly value: unknown;
  /** The line of a JSON pointer (`/delta/posts`), or of the nearest parent that is written down; from 1. */
  readonly lineOf: (pointer: string) => number;
}

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
  const { LineCounter, parseDocument: parseYaml, isMap, isNode, visit } = await import('yaml');
  const counter = new LineCounter();
  const fault = (line: number, message: string, hint: string, cause?: unknown): CustodyError =>
    new CustodyError(kind.codes.syntax, message, { cause, path: `${path}:${line}`, hint });
  let source: string;
  try {
    source = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw fault(1, `a ${kind.noun} is UTF-8 text`, 'Save the file as UTF-8.', cause);
  }
  const document = parseYaml(source, {
    lineCounter: counter,
    strict: true,
    uniqueKeys: true,
    merge: false,
    version: '1.2',
  });
  const first = document.errors[0] ?? document.warnings[0];
  if (first) {
    const message = first.message.split('\n')[0]!.replace(/:$/, '');
    throw fault(first.linePos?.[0].line ?? 1, message, 'Correct the YAML at this line.');
  }
  visit(document, {
    Alias: (_, alias) => {
      if (alias.resolve(document) !== undefined) return;
      const { line } = counter.linePos(alias.range?.[0] ?? 0);
      throw fault(line, `nothing is called *${alias.source}`, 'Write the value out.');
    },
  });
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    throw fault(1, `the ${kind.noun} expands too many aliases`, 'Write the values out.', cause);
  }
  const lineOf = (pointer: string): number => {
    const keys = pointer
      .split('/')
      .slice(1)
      .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
    for (; keys.length > 0; keys.pop()) {
      const parent = document.getIn(keys.slice(0, -1), true);
      // Of a pair the key's line: its value may stand on the next one.
      const pair = isMap(parent) ? parent.items.find(({ key }) => String(key) === keys.at(-1)) : undefined;
      const node = pair ? pair.key : document.getIn(keys, true);
      if (isNode(node) && node.range) return counter.linePos(node.range[0]).line;
    }
    return 1;
  };
  const faults = await schemaFaults(value, path, kind, lineOf);
  faults.forEach(report);
  if (faults[0]) throw faults[0];
  return { value, lineOf };
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
