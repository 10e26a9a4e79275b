import type { Finding } from '../finding.ts';
import { afterStatesEqual } from './checks/after-states.ts';
import { bytesIdentical, waysBackCompared, waysBackExact } from './checks/back.ts';
import { boundaryKept } from './checks/boundary.ts';
import { deltaAsExpected, realChange } from './checks/delta.ts';
import { gatesAskedAgain, gatesMet } from './checks/gates.ts';
import { isolationProven } from './checks/isolation.ts';
import {
  legsComplete,
  legsOnce,
  nothingQuarantined,
  nothingTriggered,
  transactionsEnded,
} from './checks/legs.ts';
import { checkMasks } from './checks/masks.ts';
import { nothingObserved } from './checks/observed.ts';
import { approvalFits, noActions, planConsistent, profilePinned } from './checks/plan.ts';
import { postconditionsAgree, postconditionsAsked, postconditionsMet } from './checks/postconditions.ts';
import {
  gatesOfProfile,
  noClaimInResults,
  noForbiddenClaim,
  noProductionTarget,
  noSurfaceObserved,
} from './checks/profile.ts';
import { probesAsProfiled, probesDue, probesRefused } from './checks/probes.ts';
import { rowsWellFormed } from './checks/rows.ts';
import { scriptsAsPinned, scriptsExpanded, scriptsUnchanged } from './checks/scripts.ts';
import { coverageEqual, engineOfPlan, snapshotsWellFormed } from './checks/snapshots.ts';
import {
  entryEqualsExit,
  imageStored,
  imageVerified,
  sourcePinned,
  sourceStored,
  startsAsBefore,
} from './checks/source.ts';
import { validatorsNamed } from './checks/validators.ts';
import type { Evidence } from './evidence.ts';

/** One rule of judgement: pure, named, with the codes that it can give. spec/REHEARSAL.md, "The validator", lists them. */
export interface Check {
  readonly name: string;
  run(evidence: Evidence): Finding[];
}

/** What must hold before rows can be compared. */
export const FORM: readonly Check[] = [
  { name: 'plan-consistent', run: planConsistent },
  { name: 'engine-of-plan', run: engineOfPlan },
  { name: 'legs-once', run: legsOnce },
  { name: 'snapshots-well-formed', run: snapshotsWellFormed },
  { name: 'coverage-equal', run: coverageEqual },
];

/** What must hold before the difference of two states means anything. */
const ROWS: readonly Check[] = [{ name: 'rows-well-formed', run: rowsWellFormed }];

/** What was to be proven. */
export const CHECKS: readonly Check[] = [
  { name: 'profile-pinned', run: profilePinned },
  { name: 'gates-of-profile', run: gatesOfProfile },
  { name: 'no-actions', run: noActions },
  { name: 'no-production-target', run: noProductionTarget },
  { name: 'no-surface-observed', run: noSurfaceObserved },
  { name: 'no-forbidden-claim', run: noForbiddenClaim },
  { name: 'no-claim-in-results', run: noClaimInResults },
  { name: 'scripts-as-pinned', run: scriptsAsPinned },
  { name: 'scripts-expanded', run: scriptsExpanded },
  { name: 'scripts-unchanged', run: scriptsUnchanged },
  { name: 'approval-fits', run: approvalFits },
  { name: 'validators-named', run: validatorsNamed },
  { name: 'source-stored', run: sourceStored },
  { name: 'source-pinned', run: sourcePinned },
  { name: 'image-stored', run: imageStored },
  { name: 'image-verified', run: imageVerified },
  { name: 'starts-as-before', run: startsAsBefore },
  { name: 'entry-equals-exit', run: entryEqualsExit },
  { name: 'gates-met', run: gatesMet },
  { name: 'gates-asked-again', run: gatesAskedAgain },
  { name: 'nothing-triggered', run: nothingTriggered },
  { name: 'legs-complete', run: legsComplete },
  { name: 'transactions-ended', run: transactionsEnded },
  { name: 'nothing-quarantined', run: nothingQuarantined },
  { name: 'real-change', run: realChange },
  { name: 'ways-back-compared', run: waysBackCompared },
  { name: 'ways-back-exact', run: waysBackExact },
  { name: 'bytes-identical', run: bytesIdentical },
  { name: 'after-states-equal', run: afterStatesEqual },
  { name: 'delta-as-expected', run: deltaAsExpected },
  { name: 'boundary-kept', run: boundaryKept },
  { name: 'masks-declared', run: checkMasks },
  { name: 'postconditions-asked', run: postconditionsAsked },
  { name: 'postconditions-met', run: postconditionsMet },
  { name: 'postconditions-agree', run: postconditionsAgree },
  { name: 'isolation-proven', run: isolationProven },
  { name: 'probes-due', run: probesDue },
  { name: 'probes-as-profiled', run: probesAsProfiled },
  { name: 'probes-refused', run: probesRefused },
  { name: 'nothing-observed', run: nothingObserved },
];

/** Each stage builds on what the one before it established, and runs only where that found nothing. */
export const STAGES: readonly (readonly Check[])[] = [FORM, ROWS, CHECKS];
