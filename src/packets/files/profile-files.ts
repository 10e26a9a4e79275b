import { digestFromBytes } from '../../objects/digest.ts';
import { decodeKind } from '../../objects/kinds.ts';
import { probeHeld } from '../../rules/probe-result.ts';
import type { ScriptPart } from '../../rules/includes.ts';
import type { Link } from '../../objects/link.ts';
import { surfacesOf, type SurfaceProof } from '../../rules/surfaces.ts';
import type { ProfileSurface } from '../../rules/profile-schema.ts';
import { contentBytes, type PacketContent } from './content.ts';
import type { Material, PacketProfile } from './material.ts';

/** The script of the profile's surrogate, in a packet. */
export const SURROGATE_FILE = 'surrogate.sql';

/** The documents that a packet has only where its plan names a profile. */
export function profileDocuments(material: Material): [string, unknown][] {
  const { profile, id } = material;
  if (!profile) return [];
  const { surrogate, ci, digest } = profile;
  return [
    ['forbidden-surface-proof', surfaceProof(material, profile)],
    ...(ci
      ? [['ci-unknown-resolution', { rehearsal: id, profile: digest, ...ci }] as [string, unknown]]
      : []),
    ...(surrogate
      ? [['production-shaped-surrogate-spec', surrogateSpec(material, surrogate)] as [string, unknown]]
      : []),
    ...probeDocuments(material),
  ];
}

/** Likewise: its bytes. */
export function profileFiles({ plan: { profile } }: Material): [string, PacketContent][] {
  if (!profile) return [];
  return [
    ['profile.json', profile.document],
    ['profile.yaml', profile.written],
    ...(profile.surrogate ? [[SURROGATE_FILE, profile.surrogate] satisfies [string, Link]] : []),
  ];
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
  { marker, sha256, sql, spec, expected }: NonNullable<PacketProfile['surrogate']>,
): unknown {
  const ours = { deterministic_db_sha256: sha256, generator_sha256: sql.sha256 };
  const matched = (['deterministic_db_sha256', 'generator_sha256'] as const).filter(
    (name) => ours[name] === expected?.[name],
  );
  return {
    ...spec,
    rehearsal: id,
    marker,
    ...ours,
    generator: SURROGATE_FILE,
    rehearsed_on_it: digestFromBytes(rehearsal.source.sha256) === sha256,
    // What somebody else gave for the two, and which of ours are the same: shown, never counted.
    expected: expected ? { ...expected, matched } : null,
  };
}

function probeDocuments({ id, rehearsal, get }: Material): [string, unknown][] {
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
  return [['rehearsal-bad-input-probes', document]];
}
