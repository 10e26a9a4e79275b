import type { FindingCode } from '../../finding.ts';
import type { Link } from '../link.ts';
import type { Value } from '../codec.ts';
import * as s from '../schema.ts';

/** Fields that several kinds share. */
export const isBytes = (value: Value | undefined): boolean => value instanceof Uint8Array;
export const node = s.link('dag-cbor');
export const content = s.link('raw', 'dag-cbor');
export const engine = s.oneOf('sqlite', 'postgres');
export const namedLinks = s.list(s.tuple<[string, Link]>(s.text, content));

export const leg = s.oneOf('T', 'R', 'S');
/**
 * What makes the runner abort, roll back and verify (spec/REHEARSAL.md, "Triggers"): the digest of the executor, a gate, the
 * before-state, the delta, or a false "done"; and the finding that each leaves.
 */
export const TRIGGER_CODES = {
  'executor-changed': 'EXECUTOR_CHANGED',
  'preflight-failed': 'PREFLIGHT_FAILED',
  'before-diverged': 'BEFORE_DIVERGED',
  'delta-differs': 'DELTA_UNEXPECTED',
  'false-done': 'FALSE_DONE',
} as const satisfies Record<string, FindingCode>;
export type Trigger = keyof typeof TRIGGER_CODES;
export const TRIGGERS = Object.keys(TRIGGER_CODES) as Trigger[];
export const trigger = s.oneOf(...TRIGGERS);
export const counts = s.record({ table: s.text, inserted: s.uint, updated: s.uint, deleted: s.uint });
export const findingShape = s.record({ code: s.text, path: s.text, detail: s.text });
export const answeredGate = s.record({
  name: s.text,
  sql: s.text,
  expect: s.text,
  actual: s.text,
  ok: s.bool,
});
export const claim = s.record({ assertion: s.text, holds: s.bool });
/** A script as it was used: the expanded text, its digest before and after the legs, and the files it was made of. */
export const script = s.record({
  file: content,
  before: s.hash,
  after: s.hash,
  parts: s.list(s.record({ path: s.text, sha256: s.hash, file: content })),
});
