import type { CustodyError } from '../../errors.ts';
import { PLAN_SCHEMA } from './plan-schema.ts';
import type { YamlDocument } from '../../rules/yaml.ts';
import { parseDocument, type DocumentKind } from './yaml-document.ts';

const PLAN: DocumentKind = {
  noun: 'plan',
  schema: PLAN_SCHEMA,
  codes: { syntax: 'PLAN_SYNTAX', unknownKey: 'PLAN_KEY_UNKNOWN', invalid: 'PLAN_INVALID' },
  reference: 'SPEC.md, "Plans"',
};

/**
 * Parses a plan file and checks it against its JSON Schema.
 * @param report is given each fault against the schema, unknown keys first; then the first of them is thrown.
 * @throws CustodyError PLAN_SYNTAX, PLAN_KEY_UNKNOWN, PLAN_INVALID, each with `path` = `FILE:LINE`.
 */
export async function parsePlanDocument(
  bytes: Uint8Array,
  path: string,
  report?: (error: CustodyError) => void,
): Promise<YamlDocument> {
  return parseDocument(bytes, path, PLAN, report);
}
