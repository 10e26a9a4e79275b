import type { EngineName } from '../objects/snapshots/classes.ts';

/**
 * Everything that each engine asserts (spec/REHEARSAL.md, "Isolation"), in order, and whether it must hold. What need not hold is
 * shown, and a plan or a policy may require it.
 */
export const ASSERTIONS: Readonly<
  Record<EngineName, readonly (readonly [name: string, required: boolean])[]>
> = {
  sqlite: [
    ['attach-refused', true],
    ['child-processes-refused', true],
    ['clone-folder-private', true],
    ['clone-not-linked-to-source', true],
    ['clone-not-open-elsewhere', false],
    ['clone-not-seen-open', true],
    ['extensions-refused', true],
    ['file-access-restricted', true],
    ['image-unchanged', true],
    ['network-isolated', false],
    ['paths-confined', false],
    ['source-opened-read-only', true],
    ['source-unchanged', true],
  ],
  postgres: [
    ['cluster-folder-private', true],
    ['cluster-own-process', true],
    ['executor-role-unprivileged', true],
    ['image-without-sessions', true],
    ['no-other-sessions', true],
    ['no-prepared-transactions', true],
    ['no-replication', true],
    ['source-unchanged', true],
    ['unix-socket-only', true],
  ],
};

/**
 * What depends on the processes beside a rehearsal, and not on its plan or its system, is claimed only where plan, profile
 * or policy asks for it: two rehearsals of one plan are one object, whoever else is at work.
 */
export const ON_REQUEST: readonly string[] = ['clone-not-open-elsewhere'];

/** Why an assertion that must be proven is not, by what was claimed of it; undefined where it is claimed once, and holds. */
export function whyUnproven(claims: readonly boolean[]): string | undefined {
  if (claims.length === 0) return 'it is not asserted';
  if (claims.length > 1) return `it is asserted ${claims.length} times`;
  return claims[0] ? undefined : 'it does not hold';
}
