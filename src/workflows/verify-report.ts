import { compareFindings, finding, type Finding, type FindingCode } from '../finding.ts';
import type { Digest } from '../objects/digest.ts';
import type { Rerun } from '../verify/reruns.ts';

export const LEVELS = ['seal', 'objects', 'chain', 'signatures', 'semantics', 'reexecuted'] as const;
export type Level = (typeof LEVELS)[number];
/** Findings that say that something could not be looked at, not that it is at fault. */
const NOT_JUDGED: ReadonlySet<FindingCode> = new Set([
  'OBJECT_VERSION_UNKNOWN',
  'CONTENT_NOT_HASHED',
  'TEMPLATE_UNKNOWN',
]);
export type LevelState = 'done' | 'skipped' | 'failed';

export interface VerifyReport {
  /** True when nothing was found and every required level was done. */
  readonly ok: boolean;
  readonly levels: Readonly<Record<Level, LevelState>>;
  readonly required: readonly Level[];
  /** What the answer rests on, in words: a packet alone proves only that it agrees with itself. */
  readonly trust: string;
  readonly seal: Digest | null;
  /**
   * How far the signatures reach: records covered by signed checkpoints, records in all, and when the log's key first covered
   * the record that is verified (seconds since 1970; null where it did not, or no record is).
   */
  readonly signed: { readonly covered: number; readonly size: number; readonly time: number | null } | null;
  /** The validator that the first verdict names, where the subject is a rehearsal. Whether it may judge: level semantics. */
  readonly validator: Digest | null;
  /** Those of all verdicts, in order. */
  readonly validators: readonly Judge[];
  /**
   * Who claims to have run the rehearsal again; those count that a key given by the auditor signed. Of a record of a rerun:
   * its own claim, which its rehearsal's verification judges.
   */
  readonly reruns: readonly Rerun[];
  readonly findings: readonly Finding[];
  /** What is odd about the record that is verified, or was not looked at on request, and changes no answer. */
  readonly notes: readonly Finding[];
}

/** Who judged, and who says that it may: a ledger alone cannot, since everybody who appends may pin a validator. */
export interface Judge {
  readonly validator: Digest;
  /** What its object calls it; null where that is none. */
  readonly name: string | null;
  readonly trustedBy: 'first policy' | 'auditor' | 'nobody';
  /** What it was shut in by; null where it was not run. */
  readonly sandbox: string | null;
  /** What it found when it judged again. */
  readonly judged: readonly Finding[];
}

const JUDGE: Record<Judge['trustedBy'], string> = {
  'first policy': 'is pinned by the first policy',
  auditor: 'is not pinned by the first policy, but trusted by --validator',
  nobody: 'is not pinned by the first policy and was not run',
};

/** Collects what each level found; a level starts as skipped, so forgetting one can never look like a yes. */
export class ReportBuilder {
  readonly levels: Record<Level, LevelState> = {
    seal: 'skipped',
    objects: 'skipped',
    chain: 'skipped',
    signatures: 'skipped',
    semantics: 'skipped',
    reexecuted: 'skipped',
  };
  readonly findings: Finding[] = [];
  readonly required: Set<Level>;
  trust = '';
  seal: Digest | null = null;
  signed: VerifyReport['signed'] = null;
  readonly judges: Judge[] = [];
  reruns: readonly Rerun[] = [];
  notes: readonly Finding[] = [];
  /** What the subject claims, in words, where it is itself a rerun. */
  claim: string | undefined;

  constructor(required: readonly Level[]) {
    this.required = new Set(required);
  }

  /** These levels must be done, or `ok` is false. */
  require(...levels: readonly Level[]): void {
    for (const level of levels) this.required.add(level);
  }

  /**
   * What a level found; it may be told in several calls. What was not looked at is skipped, not failed. What an object that two
   * levels need has is said once.
   */
  level(level: Level, findings: readonly Finding[]): void {
    const isNew = (a: Finding): boolean => !this.findings.some((b) => b.code === a.code && b.path === a.path);
    for (const found of findings) if (!NOT_JUDGED.has(found.code) || isNew(found)) this.findings.push(found);
    if (findings.some(({ code }) => !NOT_JUDGED.has(code))) this.levels[level] = 'failed';
    else if (findings.length === 0 && this.levels[level] === 'skipped') this.levels[level] = 'done';
  }

  finish(): VerifyReport {
    for (const level of this.required) {
      if (this.levels[level] === 'skipped')
        this.findings.push(finding('LEVEL_SKIPPED', level, 'this level is required and was not verified'));
    }
    const { levels, seal, signed, judges, reruns } = this;
    const words = judges.map(({ validator: id, trustedBy }) => `validator ${id} ${JUDGE[trustedBy]}`);
    const about = this.claim === undefined ? rerunTrust(reruns) : [this.claim];
    const trust = [this.trust, ...words, ...about].join('; ');
    const required = LEVELS.filter((level) => this.required.has(level));
    const ok = this.findings.length === 0 && required.every((level) => levels[level] === 'done');
    const validator = judges[0]?.validator ?? null;
    return {
      ok,
      levels,
      required,
      trust,
      seal,
      signed,
      validator,
      validators: judges,
      reruns,
      findings: this.findings.sort(compareFindings),
      notes: this.notes,
    };
  }
}

function rerunTrust(reruns: readonly Rerun[]): string[] {
  const names = (counted: boolean): string =>
    [...new Set(reruns.filter((rerun) => rerun.counted === counted).map(({ signer }) => signer))].join(', ');
  const [yes, no] = [names(true), names(false)];
  return [
    ...(yes === '' ? [] : [`run again with the same result by ${yes}, whose key the auditor gave`]),
    ...(no === '' ? [] : [`a rerun claimed by ${no} is not counted`]),
  ];
}
