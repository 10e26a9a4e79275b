import { decodeKind } from '../../objects/kinds.ts';
import { jsonFile, readCanonicalJson, toJson } from '../../objects/json.ts';
import type { Link } from '../../objects/link.ts';
import { walkTree } from '../../objects/tree.ts';
import { driveSync } from '../../objects/walk.ts';
import { executionEvidence } from './execution-evidence.ts';
import { rowChanges } from './changes.ts';
import { cloneRollback } from './clone-rollback.ts';
import { contentBytes, type GetSync, type PacketContent, type PacketFiles } from './content.ts';
import { verdictLinkName } from '../find-packet.ts';
import { scriptNames } from './file-names.ts';
import { gatherMaterial, type Material } from './material.ts';
import { profileDocuments, profileFiles } from './profile-files.ts';
import { render } from './render.ts';
import { rollbackProof } from './rollback-proof.ts';
import { targetLock } from './target-lock.ts';
import { shippedTemplates, templatePath, type Templates } from './templates.ts';
import { validatorResult } from './validator-result.ts';

export { movedSequences } from './moved-sequences.ts';

/**
 * The files of a rehearsal's packet, made from its objects alone: no clock, no lane, no path of this machine, so two
 * rehearsals of one plan give the same bytes.
 * @param verdicts one of each validator, in the order of the rehearsal's.
 * @param templates of the texts; one that has none is left out.
 * @throws CustodyError what reading and decoding objects throws.
 */
export function packetFiles(
  id: Link,
  verdicts: readonly Link[],
  { get }: { readonly get: GetSync },
  templates: Templates = shippedTemplates(),
): PacketFiles {
  const evidence = decodeKind('rehearsal', get(id.digest), id.digest);
  const material = gatherMaterial(id, evidence, verdicts, get);
  const { rehearsal, plan, judgements } = material;
  const documents = documentsOf(material);
  return new Map<string, PacketContent>([
    ['plan.json', plan.document],
    ['plan.yaml', plan.written],
    ...documents.map(([name, value]): [string, string] => [`${name}.json`, jsonFile(value)]),
    ['row-changes.json', jsonFile(rowChanges(rehearsal, get))],
    ...scriptFiles(material),
    ...judgements.map(({ validator, validatorFile }): [string, Link] => [validatorFile, validator.file]),
    ...sourceFiles(material),
    ...profileFiles(material),
    ...texts(material, documents, templates),
  ]);
}

/** What the packet says in JSON, by the files' names, but what was judged and the rows, which may be many. */
function documentsOf(material: Material): [string, unknown][] {
  const { id, rehearsal, judgements } = material;
  return [
    ['rehearsal', { id, ...rehearsal }],
    ...judgements.map(({ link, verdict }, i): [string, unknown] => [
      verdictLinkName(i),
      { id: link, ...verdict },
    ]),
    ['rehearsal-target-lock', targetLock(material)],
    ['rehearsal-execution-evidence', executionEvidence(id, rehearsal)],
    ['clone-rollback-evidence', cloneRollback(material)],
    ['rollback-recovery-proof', rollbackProof(material)],
    ['hardened-validator-result', validatorResult(material)],
    ...profileDocuments(material),
  ];
}

/** README.md and the scripts, and the templates that make them of the packet's documents. */
function texts(
  { plan: { document, profile }, get }: Material,
  documents: readonly [string, unknown][],
  templates: Templates,
): [string, string][] {
  const judged = (link: Link): unknown => readCanonicalJson(contentBytes(link, get));
  const data = toJson({
    ...Object.fromEntries(documents),
    plan: judged(document),
    ...(profile && { profile: judged(profile.document) }),
  });
  return [...templates].flatMap(([name, template]): [string, string][] => [
    [templatePath(name), template],
    [name, render(name, template, data)],
  ]);
}

/** What ran, includes expanded; and the files that it was made of, where there was more than one. */
function scriptFiles({ rehearsal: { executor, rollback } }: Material): [string, PacketContent][] {
  return [
    ['executor.sql', executor.file],
    ...(rollback ? [['rollback.sql', rollback.file] satisfies [string, Link]] : []),
    ...[...scriptNames([executor, rollback])].map(([part, path]): [string, Link] => [path, part.file]),
  ];
}

/** The source's files as they were read; only linked here, since they may be large. */
function sourceFiles({ rehearsal: { source }, get }: Material): [string, PacketContent][] {
  return [...driveSync(walkTree(source.files), get)].flatMap(({ path, entry }): [string, Link][] =>
    entry.mode === 'dir' ? [] : [[`source/${path}`, entry.link]],
  );
}
