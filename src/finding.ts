/**
 * A fault in evidence. Findings are collected, all of them, and never thrown (ARCHITECTURE.md, invariant 8).
 * The list is closed: an unknown code is a failure. spec/CLI.md, "Finding codes", says what each means.
 */
export const FINDING_CODES = [
  // packet folder (seal level)
  'FILE_CHANGED',
  'FILE_MISSING',
  'FILE_UNLISTED',
  'FILE_UNREADABLE',
  'MANIFEST_MISSING',
  'MANIFEST_CHANGED',
  'MANIFEST_LINE_MALFORMED',
  'MANIFEST_LINE_DUPLICATE',
  'MANIFEST_UNSORTED',
  'MANIFEST_PATH_ABSOLUTE',
  'MANIFEST_PATH_CLIMBS',
  'MANIFEST_NAME_REFUSED',
  'SEAL_MISSING',
  'SEAL_MALFORMED',
  'SEAL_UNEXPECTED',
  'NAME_COLLISION',
  'NAME_NOT_UTF8',
  'NAME_CONTROL_CHARACTER',
  'NAME_REFUSED',
  'SYMLINK_ESCAPES',
  'SYMLINK_TO_FOLDER',
  'SPECIAL_FILE',
  'TREE_DIFFERS',
  // objects, packs, chain
  'PACK_DAMAGED',
  'PACK_MISNAMED',
  'FILE_FOREIGN',
  'OBJECT_DAMAGED',
  'OBJECT_MISSING',
  'OBJECT_INVALID',
  'OBJECT_VERSION_UNKNOWN',
  'CONTENT_NOT_HASHED',
  'HEAD_DAMAGED',
  'HEAD_MISSING',
  'RECORD_DAMAGED',
  'RECORD_CHAIN_BROKEN',
  'RECORD_INDEX_WRONG',
  'LOG_ROOT_WRONG',
  'BUNDLE_DAMAGED',
  'CHECKPOINT_INVALID',
  'POLICY_MISMATCH',
  'LEVEL_SKIPPED',
  // semantics: the validator's checks
  'EVIDENCE_MALFORMED',
  'DIGEST_ABSENT',
  'NO_REAL_CHANGE',
  'ROLLBACK_NOT_EXACT',
  'ENTRY_EXIT_DIFFERS',
  'DELTA_UNEXPECTED',
  'BOUNDARY_EXCEEDED',
  'AFTER_STATES_DIFFER',
  'COVERAGE_DIFFERS',
  'TRANSACTION_OPEN',
  'PLAN_MISMATCH',
  'LEG_MISSING',
  'LEG_ORDER',
  'IMAGE_UNVERIFIED',
  'EXECUTOR_CHANGED',
  'PREFLIGHT_FAILED',
  'GATE_MISSING',
  'ISOLATION_UNPROVEN',
  'MASK_UNDECLARED',
  'VALIDATOR_MISMATCH',
  'VALIDATOR_NOT_PINNED',
  'DOCUMENT_DIFFERS',
  'TEMPLATE_UNKNOWN',
  'VERDICT_DIFFERS',
  'VERDICT_REJECTED',
  'VERDICT_MISSING',
  'PASS_WHILE_BLOCKED',
  'ROLLBACK_UNCOMPARED',
  'ROLLBACK_ASSUMED',
  'ENTRY_EXIT_SKIPPED',
  'BEFORE_DIVERGED',
  'FALSE_DONE',
  'POSTCONDITION_FAILED',
  'CLONE_QUARANTINED',
  'PROBES_MISSING',
  'PROBE_NOT_REFUSED',
  'CLAIM_FORBIDDEN',
  'SURFACE_OBSERVED',
  'PRODUCTION_NAMED',
  'VALIDATOR_LENIENT',
  'VALIDATOR_STRICT',
  'VALIDATOR_REJECTED',
  'RERUN_DIFFERS',
  'RERUN_INVALID',
  // rehearsal: what the runner itself saw
  'SQL_FAILED',
  'BOUNDARY_VIOLATED',
  'TRANSACTION_LOST',
  'SOURCE_CHANGED',
  'TIME_LIMIT',
  // notes: said beside a result, of one record; they change no verdict
  'KEY_ABSENT',
  'SELFTEST_UNKNOWN',
  'CLOCK_BEHIND',
  'RECORD_TIME_ODD',
] as const;

export type FindingCode = (typeof FINDING_CODES)[number];

/** What the runner itself says in a rehearsal that it saw. Closed: an unlisted one is malformed evidence. */
export const OBSERVED_CODES: readonly FindingCode[] = [
  ...['EXECUTOR_CHANGED', 'PREFLIGHT_FAILED', 'BEFORE_DIVERGED', 'DELTA_UNEXPECTED', 'FALSE_DONE'],
  ...['SQL_FAILED', 'TRANSACTION_LOST', 'TIME_LIMIT', 'CLONE_QUARANTINED', 'AFTER_STATES_DIFFER'],
] as const;

export interface Finding {
  readonly code: FindingCode;
  /** Where: a path in a packet, an object id, `records/12`, `legs/T/back`. */
  readonly path: string;
  /** For people; not stable. */
  readonly detail: string;
}

export function finding(code: FindingCode, path: string, detail: string): Finding {
  return { code, path, detail };
}

/** Order of findings in every output: by path, then code; so that two runs print the same. */
export function compareFindings(a: Finding, b: Finding): number {
  return compareText(a.path, b.path) || compareText(a.code, b.code) || compareText(a.detail, b.detail);
}

const CAUSES: readonly FindingCode[] = [
  'HEAD_DAMAGED',
  'PACK_DAMAGED',
  'PACK_MISNAMED',
  'SQL_FAILED',
  'TIME_LIMIT',
  'EXECUTOR_CHANGED',
  'SOURCE_CHANGED',
  'PREFLIGHT_FAILED',
];

/** For people: what follows from a cause comes after it, in the order in which it is given. */
export function causesFirst<F extends { readonly code: string }>(findings: readonly F[]): F[] {
  const rank = ({ code }: F): number => {
    const at = CAUSES.findIndex((cause) => cause === code);
    return at < 0 ? CAUSES.length : at;
  };
  return [...findings].sort((a, b) => rank(a) - rank(b));
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
