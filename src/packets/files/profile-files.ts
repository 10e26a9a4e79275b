import { digestFromBytes } from '../../objects/digest.ts';
import { jsonFile } from '../../objects/json.ts';
import { decodeKind } from '../../objects/kinds.ts';
import { probeHeld } from '../../rules/probe-result.ts';
import type { ScriptPart } from '../../rules/includes.ts';
import type { Link } from '../../objects/link.ts';
import { surfacesOf, type SurfaceProof } from '../../rules/surfaces.ts';
import type { ProfileSurface } from '../../rules/profile-schema.ts';
import { contentBytes, type PacketContent } from './content.ts';
import { tableOf } from './markdown.ts';
import type { Material, PacketProfile } from './material.ts';

/** The files that a packet has only where its plan names a profile. */
export function profileFiles(material: Material): [string, PacketContent][] {
  const { profile, id, plan } = material;
  if (!profile || !plan.profile) return [];
  const { surrogate, ci, digest } = profile;
  const files: [string, PacketContent][] = [
    ['profile.json', plan.profile.document],
    ['profile.yaml', plan.profile.written],
    ['forbidden-surface-proof.json', jsonFile(surfaceProof(material, profile))],
  ];
  if (ci) files.push(['ci-unknown-resolution.json', jsonFile({ rehearsal: id, profile: digest, ...ci })]);
  if (surrogate)
    files.push(['production-shaped-surrogate-spec.json', jsonFile(surrogateSpec(material, surrogate))]);
  return [...files, ...probeFiles(material)];
}

/** The surfaces with what is known of each, from the isolation that was proven and from what was asked for. */
function surfaces(
  { rehearsal, plan, get }: Material,
  profile: PacketProfile,
): SurfaceProof<ProfileSurface>[] {
  // One after the other: together they may be large.
  function* scripts(): Generator<ScriptPart> {
    const text = (file: Link): string => Buffer.from(contentBytes(file, get)).toString('utf8');
    for (const script of [rehearsal.executor, ...(rehearsal.rollback ? [rehearsal.rollback] : [])]) {
      for (const { path, file } of script.parts) yield { path, text: text(file) };
      // A string may open in one file and close in the next.
      if (script.parts.length > 1)
        yield { path: `${script.parts[0]!.path} with its includes`, text: text(script.file) };
    }
  }
  return surfacesOf(profile.surfaces, rehearsal, plan, scripts());
}

function surfaceProof(material: Material, profile: PacketProfile): unknown {
  const proven = surfaces(material, profile);
  const count = (status: SurfaceProof<ProfileSurface>['status']): number =>
    proven.filter((proof) => proof.status === status).length;
  return {
    rehearsal: material.id,
    profile: profile.digest,
    prevented: count('prevented'),
    not_requested: count('not requested'),
    observed: count('observed'),
    of: proven.length,
    surfaces: proven.map(({ surface: { id, title, explanation }, status, how }) => ({
      id,
      title,
      status,
      how,
      explanation,
    })),
  };
}

/** What the profile's surrogate models, by which script it was made, and whether it is what was rehearsed on. */
function surrogateSpec(
  { id, rehearsal }: Material,
  surrogate: NonNullable<PacketProfile['surrogate']>,
): unknown {
  const { marker, sha256, sql, spec } = surrogate;
  return {
    rehearsal: id,
    marker,
    database_sha256: sha256,
    rehearsed_on_it: digestFromBytes(rehearsal.source.sha256) === sha256,
    generator: sql,
    spec,
  };
}

function probeFiles({ id, rehearsal, get }: Material): [string, PacketContent][] {
  if (rehearsal.probes === null) return [];
  const probes = decodeKind('probes', get(rehearsal.probes.digest), rehearsal.probes.digest);
  const results = probes.results.map((result) => ({
    ...result,
    control: result.expected === null,
    ok: probeHeld(result),
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

/** For the README. */
export function surfaceSection(material: Material): string[] {
  const { profile } = material;
  if (!profile) return [];
  return tableOf(
    ['forbidden surface', 'status', 'how that is known'],
    surfaces(material, profile).map(({ surface, status, how }) => [surface.title, status, how]),
  );
}
