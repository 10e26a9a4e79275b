import { otherHash } from '../draft.ts';
import { bytesOf } from '../states.ts';
import { sqlite, sqliteFull, type Expected, type Vector } from '../vector.ts';

const SCRIPTS = ['executor', 'rollback'] as const;
const hex = (hash: Uint8Array): string => Buffer.from(hash).toString('hex');
const changed = (...paths: string[]): Expected[] => paths.map((path) => ['EXECUTOR_CHANGED', path] as const);

/** Scripts that are not what the plan pins, not what their files give, or not the same before and after. */
export const SCRIPT_FAULTS: readonly Vector[] = [
  ...SCRIPTS.flatMap((which) => [
    sqliteFull(`${which}-file-replaced`, changed(`${which}/file`, `${which}/file`), (d) => {
      d.rehearsal[which]!.file = d.content('DROP TABLE births;');
    }),
    sqliteFull(`${which}-before-differs`, changed(`${which}/before`), (d) => {
      d.rehearsal[which]!.before = otherHash();
    }),
    sqliteFull(`${which}-after-differs`, changed(`${which}/after`), (d) => {
      d.rehearsal[which]!.after = otherHash();
    }),
    sqliteFull(
      `${which}-of-another-plan`,
      changed(`${which}/after`, `${which}/before`, `${which}/file`),
      ({ plan }) => {
        plan[which] = otherHash();
        plan.approval![which] = otherHash();
      },
    ),
    sqliteFull(`${which}-is-not-what-its-files-give`, changed(`${which}/file`), (d) => {
      const { rehearsal, plan } = d;
      const { parts } = rehearsal[which]!;
      d.setScript(which, [{ path: 'x.sql', text: 'DROP TABLE births;' }]);
      rehearsal[which]!.parts = parts;
      d.document[which] = {
        file: parts[0]!.path,
        includes: parts.slice(1).map(({ path, sha256 }) => ({ file: path, sha256: hex(sha256) })),
      };
      plan.approval![which] = rehearsal[which]!.before;
    }),
    sqliteFull(`${which}-file-of-another-name`, [['PLAN_MISMATCH', `${which}/parts/0`]], (d) => {
      d.rehearsal[which]!.parts[0]!.path = which === 'executor' ? 'sql/other.sql' : 'other.sql';
    }),
    sqliteFull(`${which}-part-not-the-pinned-one`, changed(`${which}/parts/0`), (d) => {
      d.document[which]!.sha256 = hex(otherHash());
    }),
    sqliteFull(`${which}-part-digest-differs`, changed(`${which}/parts/0`, `${which}/parts/0`), (d) => {
      d.rehearsal[which]!.parts[0]!.sha256 = otherHash();
    }),
    sqliteFull(
      `${which}-without-parts`,
      [['PLAN_MISMATCH', `${which}/parts`], ...changed(`${which}/file`)],
      (d) => {
        d.rehearsal[which]!.parts = [];
      },
    ),
    sqliteFull(
      `${which}-file-is-no-content`,
      [
        ['EVIDENCE_MALFORMED', 'scripts-expanded'],
        ['EVIDENCE_MALFORMED', 'scripts-unchanged'],
      ],
      (d) => {
        d.rehearsal[which]!.file = d.rehearsal.entry;
      },
    ),
    sqliteFull(
      `${which}-is-no-text`,
      [['EVIDENCE_MALFORMED', 'scripts-expanded'], ...changed(`${which}/parts/0`)],
      (d) => {
        d.rehearsal[which]!.parts[0]!.file = d.contentOf(Uint8Array.of(0xff));
      },
    ),
  ]),
  sqliteFull('include-replaced', changed('executor/file', 'executor/parts/1'), (d) => {
    d.rehearsal.executor.parts[1]!.file = d.content('INSERT INTO other …;\n\\i sql/less.sql\n');
  }),
  sqliteFull('include-not-the-pinned-one', changed('executor/parts/2'), (d) => {
    d.document.executor.includes![1]!.sha256 = hex(otherHash());
  }),
  sqliteFull(
    'include-not-in-the-plan',
    [['PLAN_MISMATCH', 'executor/parts']],
    (d) => void d.document.executor.includes!.pop(),
  ),
  sqliteFull(
    'include-not-stored',
    [
      ['EVIDENCE_MALFORMED', 'scripts-expanded'],
      ['PLAN_MISMATCH', 'executor/parts'],
    ],
    (d) => {
      d.rehearsal.executor.parts.pop();
    },
  ),
  sqliteFull(
    'includes-in-another-order',
    [
      ...changed('executor/parts/1', 'executor/parts/2'),
      ['PLAN_MISMATCH', 'executor/parts/1'],
      ['PLAN_MISMATCH', 'executor/parts/2'],
    ],
    (d) => {
      const [first, ...includes] = d.rehearsal.executor.parts;
      d.rehearsal.executor.parts = [first!, ...includes.reverse()];
    },
  ),
  sqliteFull('include-in-a-circle', [['EVIDENCE_MALFORMED', 'scripts-expanded']], (d) => {
    const { executor } = d.rehearsal;
    const text = bytesOf('\\i sql/less.sql\n');
    const { digest } = (executor.parts[2]!.file = d.contentOf(text));
    executor.parts[2]!.sha256 = Uint8Array.from(Buffer.from(digest, 'hex'));
    d.document.executor.includes![1]!.sha256 = digest;
  }),
  sqlite('include-that-nothing-includes', [['EVIDENCE_MALFORMED', 'scripts-expanded']], (d) => {
    const { executor } = d.rehearsal;
    const file = d.content('DROP TABLE births;');
    executor.parts.push({ path: 'idle.sql', sha256: Uint8Array.from(Buffer.from(file.digest, 'hex')), file });
    d.document.executor.includes = [{ file: 'idle.sql', sha256: file.digest }];
  }),
  sqliteFull('accepted-script-that-is-not-pinned', [], ({ document }) => {
    delete document.executor.sha256;
  }),
  sqliteFull('accepted-script-with-a-byte-order-mark', [], (d) => {
    d.setScript('rollback', [{ path: 'rollback.sql', text: '\ufeffDELETE FROM births;' }]);
  }),

  sqliteFull('rollback-that-the-file-does-not-name', [['PLAN_MISMATCH', 'rollback']], ({ document }) => {
    delete document.rollback;
  }),
  sqliteFull(
    'rollback-that-is-not-stored',
    [['PLAN_MISMATCH', 'rollback'], ...changed('rollback')],
    ({ rehearsal }) => {
      rehearsal.rollback = null;
    },
  ),
  sqliteFull(
    'rollback-that-the-plan-does-not-have',
    [
      ...changed('plan/approval/rollback', 'rollback/after', 'rollback/before', 'rollback/file'),
      ['LEG_ORDER', 'legs'],
      ['LEG_ORDER', 'plan/legs'],
    ],
    ({ plan }) => {
      plan.rollback = null;
    },
  ),
];
