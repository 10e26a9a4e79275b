import { readdirSync, readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

const FOLDER = new URL('../../schemas/', import.meta.url);

/** The published JSON Schemas, by command; `error` is what every command prints when it fails. */
export const SCHEMAS = schemasIn(FOLDER);
/** Those of the JSON files of a packet, by name. */
export const PACKET_SCHEMAS: ReadonlyMap<string, ValidateFunction> = new Map([
  ...schemasIn(new URL('packet/', FOLDER)),
  ...(['plan', 'profile'] as const).map((name) => [name, SCHEMAS.get(name)!] as const),
]);

function schemasIn(folder: URL): ReadonlyMap<string, ValidateFunction> {
  const files = readdirSync(folder).filter((name) => name.endsWith('.schema.json'));
  return new Map(
    files.map((file): [string, ValidateFunction] => {
      const schema = documentIn(new URL(file, folder));
      const ajv = new Ajv2020({
        allErrors: true,
        strict: true,
        strictRequired: false,
        allowUnionTypes: true,
      });
      // What two documents have in common stands in one schema: a difference between two snapshots.
      if (file === 'row-changes.schema.json') ajv.addSchema(documentIn(new URL('diff.schema.json', FOLDER)));
      return [file.replace('.schema.json', ''), ajv.compile(schema)];
    }),
  );
}

function documentIn(file: URL): object {
  return JSON.parse(readFileSync(file, 'utf8')) as object;
}

/** What of a document the schema of its command does not admit, in words. */
export function schemaFaults(command: string, document: unknown, schemas = SCHEMAS): string[] {
  const validate = schemas.get(command);
  if (!validate) return [`there is no schema for ${command}`];
  if (validate(document)) return [];
  return (validate.errors ?? []).map(
    (e) => `${e.instancePath} ${e.message ?? ''} ${JSON.stringify(e.params)}`,
  );
}
