import { FINDING_CODES, finding, type Finding } from '../finding.ts';
import { digestFromBytes } from '../objects/digest.ts';
import { driveSync } from '../objects/walk.ts';
import { meets, parseExpectation } from '../objects/expectation.ts';
import { readContent } from '../objects/file.ts';
import type { Link } from '../objects/link.ts';
import type { MemoryObjects } from '../objects/memory-objects.ts';
import { sha256Hasher } from '../objects/sha256.ts';
import { compareNames } from '../objects/tree.ts';
import { afterStatesEqual } from './after-states.ts';
import { checkBack } from './back.ts';
import { boundaryKept } from './boundary.ts';
import type { Check } from './check.ts';
import { checkMasks } from './masks.ts';
import type { Evidence } from './evidence.ts';

export const CHECKS: readonly Check[] = [
  { name: 'executor-unchanged', run: executorUnchanged },
  { name: 'validator-named', run: validatorNamed },
  { name: 'source-pinned', run: sourcePinned },
  { name: 'preflight-met', run: preflightMet },
  { name: 'image-verified', run: imageVerified },
  { name: 'entry-equals-exit', run: entryEqualsExit },
  { name: 'legs-complete', run: legsComplete },
  { name: 'transactions-ended', run: transactionsEnded },
  { name: 'real-change', run: realChange },
  { name: 'both-ways-back', run: checkBack },
  { name: 'after-states-equal', run: afterStatesEqual },
  { name: 'delta-as-expected', run: deltaAsExpected },
  { name: 'boundary-kept', run: boundaryKept },
  { name: 'masks-declared', run: checkMasks },
  { name: 'isolation-proven', run: isolationProven },
  { name: 'nothing-observed', run: nothingObserved },
];

/** The script has one digest: in the plan, before, after, and in the stored file. */
function executorUnchanged({ rehearsal, plan, objects }: Evidence): Finding[] {
  const wanted = digestFromBytes(plan.executor);
  const { file, before, after } = rehearsal.executor;
  const seen = {
    file: contentDigest(file, objects),
    before: digestFromBytes(before),
    after: digestFromBytes(after),
  };
  return Object.entries(seen)
    .filter(([, digest]) => digest !== wanted)
    .map(([what, digest]) =>
      finding('EXECUTOR_CHANGED', `executor/${what}`, `${digest} instead of ${wanted}`),
    );
}

/** The validator that the rehearsal names is the file that its object says. Whether it is pinned is the policy's affair. */
function validatorNamed({ validator, objects }: Evidence): Finding[] {
  if (contentDigest(validator.file, objects) === digestFromBytes(validator.sha256)) return [];
  return [finding('VALIDATOR_MISMATCH', 'validator', 'its file has another digest than it says')];
}

/** SHA-256 of the whole content, as hex. */
function contentDigest(content: Link, objects: MemoryObjects): string {
  const hasher = sha256Hasher();
  for (const bytes of driveSync(readContent(content), objects.get)) hasher.update(bytes);
  return hasher.hex();
}

function sourcePinned({ rehearsal, plan }: Evidence): Finding[] {
  const pinned = plan.source.sha256;
  if (pinned === null || digestFromBytes(pinned) === digestFromBytes(rehearsal.source)) return [];
  return [finding('SOURCE_CHANGED', 'source', 'the source is not the one that the plan pins')];
}

/** Every gate of the plan was asked, in its order, and its answer, judged here again, is met. */
function preflightMet({ rehearsal, plan }: Evidence): Finding[] {
  const findings: Finding[] = [];
  for (let i = 0; i < Math.max(plan.preflight.length, rehearsal.preflight.length); i++) {
    const wanted = plan.preflight[i];
    const got = rehearsal.preflight[i];
    const path = `preflight/${wanted?.name ?? got?.name ?? i}`;
    if (
      !wanted ||
      !got ||
      wanted.name !== got.name ||
      wanted.sql !== got.sql ||
      wanted.expect !== got.expect
    ) {
      findings.push(finding('PLAN_MISMATCH', path, 'the gates asked are not those of the plan'));
      continue;
    }
    const expectation = parseExpectation(wanted.expect);
    if (!expectation || !meets(expectation, got.actual) || !got.ok) {
      findings.push(finding('PREFLIGHT_FAILED', path, `expected ${wanted.expect}, found ${got.actual}`));
    }
  }
  return findings;
}

/** A fresh database from the restore image is the before-state: in the image's own test and at each leg's start. */
function imageVerified({ rehearsal }: Evidence): Finding[] {
  const starts: [string, Link][] = [
    ['image/restored', rehearsal.image.restored],
    ...rehearsal.legs.map(({ leg, start }): [string, Link] => [`legs/${leg}/start`, start]),
  ];
  return starts
    .filter(([, link]) => !link.equals(rehearsal.entry))
    .map(([path]) => finding('IMAGE_UNVERIFIED', path, 'what was restored is not the before-state'));
}

function entryEqualsExit({ rehearsal }: Evidence): Finding[] {
  if (rehearsal.entry.equals(rehearsal.exit)) return [];
  return [finding('ENTRY_EXIT_DIFFERS', 'exit', 'reading the before-state changed it')];
}

/**
 * Both ways back were tried, once each, in the plan's order. Leg S is refused here: a rehearsal of this version has no
 * place for the rollback script that it would prove.
 */
function legsComplete({ rehearsal, plan }: Evidence): Finding[] {
  const ran = rehearsal.legs.map(({ leg }) => leg);
  const missing = WAYS_BACK.filter((leg) => !ran.includes(leg));
  if (missing.length > 0)
    return missing.map((leg) => finding('LEG_MISSING', `legs/${leg}`, 'this way back was not tried'));
  const due = WAYS_BACK.join();
  return [
    ['legs', ran],
    ['plan/legs', plan.legs],
  ].flatMap(([path, legs]) =>
    String(legs) === due ? [] : [finding('LEG_ORDER', String(path), `${String(legs)} instead of ${due}`)],
  );
}

const WAYS_BACK = ['T', 'R'] as const;

/** Each leg ended as its kind must, and left no transaction open. */
function transactionsEnded({ rehearsal }: Evidence): Finding[] {
  return rehearsal.legs.flatMap(({ leg, ended, open }) => {
    const findings: Finding[] = [];
    if (open) findings.push(finding('TRANSACTION_OPEN', `legs/${leg}`, 'a transaction was left open'));
    const wanted = leg === 'T' ? 'rolled-back' : 'committed';
    if (ended !== wanted)
      findings.push(finding('TRANSACTION_LOST', `legs/${leg}/ended`, `${ended}, not ${wanted}`));
    return findings;
  });
}

/** Empty equals empty proves nothing: rows must have changed. */
function realChange({ rehearsal, delta }: Evidence): Finding[] {
  return rehearsal.legs
    .filter(({ after }) => after === null || delta(after).tables.length === 0)
    .map(({ leg }) =>
      finding('NO_REAL_CHANGE', `legs/${leg}/after`, 'no row changed, so nothing was proven'),
    );
}

/** The recomputed delta is the plan's, table by table, and so is the one that the evidence claims. */
function deltaAsExpected({ rehearsal, plan, delta }: Evidence): Finding[] {
  const findings: Finding[] = [];
  const compare = (path: string, got: readonly Counts[]): void => {
    const tables = new Set([...plan.delta, ...got].map(({ table }) => table));
    for (const table of [...tables].sort(compareNames)) {
      const wanted = describe(plan.delta.find((c) => c.table === table));
      const found = describe(got.find((c) => c.table === table));
      if (wanted !== found)
        findings.push(finding('DELTA_UNEXPECTED', `${path}/${table}`, `expected ${wanted}, found ${found}`));
    }
    if (got.some(({ table }, i) => i > 0 && compareNames(got[i - 1]!.table, table) >= 0))
      findings.push(finding('DELTA_UNEXPECTED', path, 'tables out of order, or one twice'));
  };
  compare('delta', rehearsal.delta);
  for (const { leg, after } of rehearsal.legs) if (after) compare(`legs/${leg}/delta`, delta(after).tables);
  return findings;
}

type Counts = Evidence['rehearsal']['delta'][number];

function describe(counts: Omit<Counts, 'table'> | undefined): string {
  return counts
    ? `${counts.inserted} inserted, ${counts.updated} updated, ${counts.deleted} deleted`
    : 'no change';
}

/** What each engine must have proven; further assertions may be there, and one that does not hold is shown, not counted. */
const REQUIRED_ASSERTIONS = {
  sqlite: ['clone-folder-private', 'clone-not-linked-to-source', 'source-unchanged'],
  postgres: ['cluster-folder-private', 'unix-socket-only', 'executor-role-unprivileged', 'source-unchanged'],
} as const;

function isolationProven({ rehearsal }: Evidence): Finding[] {
  return REQUIRED_ASSERTIONS[rehearsal.engine]
    .filter((wanted) => {
      const claims = rehearsal.isolation.filter(({ assertion }) => assertion === wanted);
      return claims.length !== 1 || !claims[0]!.holds;
    })
    .map((wanted) =>
      finding('ISOLATION_UNPROVEN', `isolation/${wanted}`, 'not asserted, or not once, or it does not hold'),
    );
}

/** What the runner itself saw going wrong is never overlooked; a code that nobody knows is malformed evidence. */
function nothingObserved({ rehearsal }: Evidence): Finding[] {
  return rehearsal.observed.map(({ code, path, detail }) => {
    const known = FINDING_CODES.find((name) => name === code);
    return known
      ? finding(known, path, detail)
      : finding('EVIDENCE_MALFORMED', `observed/${path}`, `unknown code ${code}`);
  });
}
