import { jsonFile } from '../../objects/json.ts';
import { decodeKind } from '../../objects/kinds.ts';
import { bytesOf, type PacketContent } from './content.ts';
import type { Material } from './material.ts';

/** The files that a packet has only where its plan names a profile. */
export function profileFiles(material: Material): [string, PacketContent][] {
  const { plan, get } = material;
  if (plan.profile === null) return [];
  return [['profile.yaml', bytesOf(plan.profile, get)], ...probeFiles(material)];
}

function probeFiles({ id, rehearsal, get }: Material): [string, PacketContent][] {
  if (rehearsal.probes === null) return [];
  const probes = decodeKind('probes', get(rehearsal.probes.digest), rehearsal.probes.digest);
  const results = probes.results.map((result) => ({
    ...result,
    control: result.expected === null,
    // A control must pass; a probe must fail, with its own code. Neither may leak a forbidden claim.
    ok:
      result.leaked.length === 0 &&
      (result.expected === null
        ? result.exit === 0
        : result.exit !== 0 && result.codes.includes(result.expected)),
  }));
  const cases = results.filter(({ control }) => !control);
  const document = {
    rehearsal: id,
    probes: rehearsal.probes,
    failed_closed: cases.filter(({ ok }) => ok).length,
    of: cases.length,
    controls_allowed: results.filter(({ control, ok }) => control && ok).length,
    results,
  };
  return [['rehearsal-bad-input-probes.json', jsonFile(document)]];
}

export function surfaceSection(material: Material): string[] {
  void material;
  return [];
}
