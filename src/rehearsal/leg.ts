import type { Captured, Workspace } from '../engines/engine.ts';
import type { Finding } from '../finding.ts';
import type { ObjectOf, Trigger } from '../objects/kinds.ts';
import type { ObjectSpool } from '../objects/sink.ts';
import type { PlanForm } from '../rules/plan-form.ts';
import type { Baseline } from './gates.ts';
import type { Fired } from './triggers.ts';

export type LegName = 'T' | 'R' | 'S';
/** Which of a plan's scripts something is about; findings and refusals begin with it. */
export type ScriptName = 'executor' | 'rollback';
type LegRecord = ObjectOf<'rehearsal'>['legs'][number];

/** What one leg saw: the `legs` item of a rehearsal, with captures in the place of links. */
export interface LegResult extends Omit<LegRecord, 'start' | 'after' | 'back'> {
  readonly start: Captured;
  /** What the change led to; of an aborted leg, what it would have led to. Missing where nothing was applied. */
  readonly after: Captured | undefined;
  /** Missing where the state after the way back cannot be known: the clone is quarantined then. */
  readonly back: Captured | undefined;
  readonly observed: readonly Finding[];
  /** Where a quarantined clone is kept. */
  readonly kept: string | undefined;
}

export interface LegContext {
  readonly workspace: Workspace;
  readonly plan: PlanForm;
  readonly executor: Uint8Array;
  readonly rollback: Uint8Array | undefined;
  /** Reads a script again: what is wrong with it, or nothing. */
  readonly scriptFault: (script: ScriptName) => Promise<string | undefined>;
  readonly entry: Captured;
  readonly baseline: Baseline;
  readonly objects: ObjectSpool;
  /** The folder where clones of unknown state are kept. */
  readonly quarantine: string;
}

/** What a leg came to so far. Its steps write into it, so that what was seen stays seen when a later step fails. */
export interface Course {
  preflight: string[];
  after: Captured | undefined;
  ended: LegRecord['ended'];
  trigger: Trigger | null;
  open: boolean;
  postconditions: LegRecord['postconditions'];
  observed: Finding[];
  /** Why nobody can say what the clone holds. */
  unknown: string | undefined;
  /** From the first COMMIT or ROLLBACK until the state after the way back is captured: what breaks off there leaves a clone of unknown state. */
  unsettled: boolean;
}

export function newCourse({ postconditions }: PlanForm): Course {
  return {
    preflight: [],
    after: undefined,
    ended: 'failed',
    trigger: null,
    open: false,
    postconditions: postconditions.map(({ name }) => ({ name, actual: null, ok: false })),
    observed: [],
    unknown: undefined,
    unsettled: false,
  };
}

export function aborted(course: Course, fired: Fired): void {
  course.ended = 'aborted';
  course.trigger = fired.trigger;
  course.observed.push(fired.finding);
}

/** A leg that did not end as it must; one that a trigger aborted stays named for that. */
export function markFailed(course: Course): void {
  if (course.trigger === null) course.ended = 'failed';
}
