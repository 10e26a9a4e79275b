import { decodeKind } from '../../objects/kinds.ts';
import { jsonFile } from '../../objects/json.ts';
import type { Link } from '../../objects/link.ts';
import { walkTree } from '../../objects/tree.ts';
import { driveSync } from '../../objects/walk.ts';
import { executionEvidence } from './execution-evidence.ts';
import { rowChanges } from './changes.ts';
import { cloneRollback } from './clone-rollback.ts';
import { commandsScript } from './commands.ts';
import { type GetSync, type PacketContent, type PacketFiles } from './content.ts';
import { scriptNames } from './file-names.ts';
import { gatherMaterial, type Material } from './material.ts';
import { profileFiles } from './profile-files.ts';
import { packetReadme } from './readme.ts';
import { rerunScript } from './rerun-script.ts';
import { rollbackProof } from './rollback-proof.ts';
import { targetLock } from './target-lock.ts';
import { validatorResult } from './validator-result.ts';

export { movedSequences } from './moved-sequences.ts';

/**
 * The files of a rehearsal's packet, made from its objects alone: no clock, no lane, no path of this machine, so two
 * rehearsals of one plan give the same bytes.
 * @param verdicts one of each validator, in the order of the rehearsal's.
 * @throws CustodyError what reading and decoding objects throws.
 */
export function packetFiles(
  id: Link,
  verdicts: readonly Link[],
  { get }: { readonly get: GetSync },
): PacketFiles {
  const evidence = decodeKind('rehearsal', get(id.digest), id.digest);
  const material = gatherMaterial(id, evidence, verdicts, get);
  const { rehearsal, plan, judgements } = material;
  return new Map<string, PacketContent>([
    ['README.md', packetReadme(material)],
    ['plan.json', plan.document],
    ['plan.yaml', plan.written],
    ['rehearsal.json', jsonFile({ id, ...rehearsal })],
    ...judgements.map(({ link, verdict, verdictFile }): [string, string] => [
      verdictFile,
      jsonFile({ id: link, ...verdict }),
    ]),
    ['row-changes.json', jsonFile(rowChanges(rehearsal, get))],
    ...scriptFiles(material),
    ...judgements.map(({ validator, validatorFile }): [string, Link] => [validatorFile, validator.file]),
    ...sourceFiles(material),
    ['rehearsal-target-lock.json', jsonFile(targetLock(material))],
    ['rehearsal-execution-evidence.json', executionEvidence(id, rehearsal)],
    ['clone-rollback-evidence.json', jsonFile(cloneRollback(material))],
    ['rollback-recovery-proof.json', jsonFile(rollbackProof(material))],
    ['hardened-validator-result.json', jsonFile(validatorResult(material))],
    ...profileFiles(material),
    ['commands.sh', commandsScript()],
    ['RERUN.sh', rerunScript()],
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
