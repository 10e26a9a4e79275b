import type { Material } from './material.ts';

/** Isolation never shows these; a packet says so instead of leaving it open. */
const NEVER_CLAIMED = [
  'production behaves as the clone does',
  'the source is of production',
  'a permission for anything beyond this rehearsal',
] as const;

/** rehearsal-target-lock.json: what was rehearsed on, and what is known of its isolation. */
export function targetLock({ id, rehearsal, plan }: Material): unknown {
  const { isolation, image, source } = rehearsal;
  const names = (holds: boolean): string[] =>
    isolation.filter((claim) => claim.holds === holds).map(({ assertion }) => assertion);
  return {
    rehearsal: id,
    engine: rehearsal.engine,
    target: 'isolated-clone',
    source: {
      kind: plan.source.kind,
      marker: plan.source.marker,
      sha256: source.sha256,
      pinned: plan.source.sha256 !== null,
      files: source.files,
    },
    image: {
      sha256: image.sha256,
      restored: image.restored,
      verified: image.restored?.equals(rehearsal.entry) ?? false,
    },
    isolation,
    claimed: names(true),
    not_claimed: [...names(false), ...NEVER_CLAIMED],
  };
}
