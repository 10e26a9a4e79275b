import { isCustodyError } from '../../errors.ts';
import { finding, type Finding } from '../../finding.ts';
import { canonicalJson } from '../../objects/json.ts';
import { decodeKind } from '../../objects/kinds.ts';
import type { Link } from '../../objects/link.ts';
import { contentBytes, type GetSync } from './content.ts';

/**
 * Plan and profile as people wrote them say what the documents say by which they were judged: validators read no YAML
 * (spec/REHEARSAL.md, "Judged documents"). @throws CustodyError what reading and decoding objects throws.
 */
export async function checkWritten(rehearsal: Link, get: GetSync): Promise<Finding[]> {
  const { plan: link } = decodeKind('rehearsal', get(rehearsal.digest), rehearsal.digest);
  const plan = decodeKind('plan', get(link.digest), link.digest);
  const differs = (what: string, why: string): Finding => finding('DOCUMENT_DIFFERS', `${what}.yaml`, why);
  const { readYaml } = await import('../../rules/yaml.ts');
  return Object.entries({ plan, profile: plan.profile }).flatMap(([what, said]) => {
    if (!said) return [];
    const read = readYaml(contentBytes(said.written, get));
    if ('fault' in read) return [differs(what, `it cannot be read: line ${read.line}: ${read.fault}`)];
    const same = Buffer.compare(jsonOf(read.value), contentBytes(said.document, get)) === 0;
    return same ? [] : [differs(what, `it says something else than ${what}.json, which was judged`)];
  });
}

/** Empty where JSON cannot say it: no document is empty. */
function jsonOf(value: unknown): Uint8Array {
  try {
    return canonicalJson(value);
  } catch (error) {
    if (isCustodyError(error, 'OBJECT_NOT_CANONICAL')) return new Uint8Array();
    throw error;
  }
}
