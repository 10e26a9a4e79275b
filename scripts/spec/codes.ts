import { exitCodeOf } from '../../src/cli/exit-code.ts';
import { type Verdict, VERDICT_EXIT } from '../../src/cli/verdict.ts';
import { ERROR_CATEGORIES, type ErrorCode } from '../../src/errors.ts';
import { FINDING_CODES, type FindingCode } from '../../src/finding.ts';

/** What each error code says: the table of spec/CLI.md is printed from it. */
export const ERROR_MEANINGS: Readonly<Record<ErrorCode, string>> = {
  OBJECT_NOT_CANONICAL: 'bytes are not the one canonical DAG-CBOR of a value; a value cannot be encoded',
  OBJECT_TOO_LARGE: 'above 1 MiB, or above what a command reads at once',
  OBJECT_KIND_UNKNOWN: 'no kind, or one that this version does not know',
  OBJECT_KIND_UNEXPECTED: 'a document of another kind than its place needs',
  OBJECT_VERSION_UNKNOWN: 'a `v` that the kind does not have, or not the one that is needed here',
  OBJECT_FIELD_UNKNOWN: 'a field that the kind does not have',
  OBJECT_FIELD_INVALID: 'a field is missing or of another type',
  OBJECT_CORRUPT: 'stored bytes do not have their digest',
  OBJECT_MISSING: 'no pack holds the object',
  TREE_MALFORMED: 'a tree of lists contradicts itself, is out of order, or is cut elsewhere',
  ROW_MALFORMED: 'a row is not canonical',
  PACK_CORRUPT: `a pack's tables or blocks are damaged`,
  HEAD_CORRUPT: 'the head is damaged, missing, or contradicts itself',
  LOG_CORRUPT: 'a record, bundle or checkpoint is not what must be there; there is no policy',
  NOTE_MALFORMED: 'not a signed note',
  CHECKPOINT_MALFORMED: `not a checkpoint, or another log's`,
  SIGNATURE_INVALID: 'a signature of a known key is wrong, or no known key signed',
  PROOF_INVALID: 'an inclusion or consistency proof does not hold',
  PACKET_NOT_SEALED: 'a folder has no manifest or no seal file',
  PACKET_BROKEN: 'a folder does not fit its seal, holds what a packet must not, or changed while it was read',
  USAGE: 'a command, option, setting or value that cannot be',
  DIGEST_MALFORMED: 'not 64 lower-case hex digits',
  LEDGER_NOT_FOUND: 'no ledger there or above',
  LEDGER_EXISTS: '`.custody` is there already',
  LEDGER_FORMAT_NEWER: 'the ledger has a newer format',
  LEDGER_FORMAT_OLDER: 'the ledger has an older format, which is not read any more',
  LEDGER_CONFIG_INVALID: `config.yaml is not as [The ledger's folder](FORMAT.md#the-ledgers-folder) says`,
  REVISION_UNKNOWN: 'nothing has that name',
  REVISION_AMBIGUOUS: 'more than one id begins so',
  REVISION_MALFORMED: 'not a revision',
  PATH_NOT_FOUND: 'no such file or folder, on disk or in a packet',
  PATH_NOT_A_FOLDER: 'a file where a folder is needed',
  PATH_NOT_A_FILE: 'a folder, pipe, device or link where a file is needed; an executor of more than 64 MiB',
  NAME_REFUSED: 'a folder cannot be sealed because of names alone',
  KIND_NOT_COMPARABLE: 'two things of different kinds or engines',
  PLAN_UNREADABLE: 'the plan file cannot be read, is no regular file, or has more than 1 MiB',
  PLAN_SYNTAX: 'not UTF-8, not YAML',
  PLAN_INVALID: 'a key is missing or has an impossible value',
  PLAN_KEY_UNKNOWN: 'a key that plans do not have',
  DATABASE_NOT_RECOGNISED: 'neither a SQLite file nor a plain PostgreSQL dump',
  DATABASE_CORRUPT:
    'the integrity check failed, the file cannot be read as a database, or is far larger than it',
  DATABASE_UNSUPPORTED: 'it holds what is not captured or reaches beyond the database',
  DUMP_MALFORMED: 'a dump is cut off, damaged, or refused by the server',
  RESTORE_UNSUPPORTED:
    'a difference between two states that no script of row changes can undo, or none at all',
  INCLUDE_REFUSED:
    'a script includes a file that the plan does not pin, or pins one that nothing includes; a circle of includes',
  PROFILE_INVALID: 'a profile, or what it pins, is not as "Profiles" says',
  ORIGIN_MALFORMED: `a name that no log can have, or another log's key`,
  KEY_MALFORMED: `not a verifier or signing key, or not this ledger's`,
  PREFLIGHT_FAILED: 'a preflight assertion is not met',
  BOUNDARY_VIOLATED: 'the script does, or wants, what the boundary does not allow',
  SQL_SYNTAX: 'SQL that does not parse or compile, or is no SQL',
  SQL_FAILED: 'a preflight query failed',
  TRANSACTION_CONTROL: 'the script controls transactions',
  TRANSACTION_LOST:
    'the transaction ended or was lost where the runner did not end it; in a leg it is evidence, not an error',
  EXECUTOR_CHANGED: 'the script is not the pinned one',
  SOURCE_CHANGED:
    'the source was written to meanwhile, is not the pinned one, or leads elsewhere than when the guard looked at it',
  VALIDATOR_NOT_PINNED: 'the policy pins no validator; a validator that nobody trusts would run again',
  VALIDATOR_UNCONFINED:
    'no sandbox for a foreign validator is to be had here, and `--unsandboxed` was not given',
  VALIDATOR_REFUSED:
    'a file that cannot be pinned: it accepts a planted fault, refuses what is right, or does not judge at all',
  VALIDATOR_MISMATCH: 'a file is not the validator that was expected',
  TARGET_PRODUCTION: 'a place that looks like production, or is not on this machine; it was not opened',
  SURFACE_FORBIDDEN: 'the plan or its SQL asks for what no rehearsal may do',
  CLAIM_FORBIDDEN: 'a text claims more than a rehearsal can prove',
  ISOLATION_REFUSED: 'the policy requires isolation that this system does not give',
  TIME_LIMIT: 'a preflight query took longer than the plan allows',
  IO_FAILED: 'the system refused to read or write',
  DISK_FULL: 'no space left',
  READ_ONLY: 'a read-only file system',
  PERMISSION_DENIED: 'no permission',
  LOCK_TIMEOUT: 'another writer held the lock too long',
  HEAD_MOVED: 'another writer moved the head; a backend without a lock may give it',
  POSTGRES_NOT_FOUND: 'no server binaries of PostgreSQL 15 or newer',
  POSTGRES_FAILED: 'the throw-away cluster does not start, or a server does not say its version in time',
  VALIDATOR_NOT_BUILT: '`dist/validator.mjs` is not there',
  VALIDATOR_FAILED: 'the validator gave no judgement',
  ENGINE_FAILED: `an engine's process, connection or clone failed`,
  INTERRUPTED: 'a signal; nothing was recorded',
  NODE_TOO_OLD: 'custody needs Node.js 24',
  INTERNAL: 'a bug of custody',
};

/** Who reports each finding code (a level of verify, or a command), and what it says; `nobody yet` is reserved. */
export const FINDING_MEANINGS: Readonly<Record<FindingCode, readonly [by: string, meaning: string]>> = {
  FILE_CHANGED: ['seal', `a file's hash is not the manifest's, or it changed while it was read`],
  FILE_MISSING: ['seal', 'listed, not there'],
  FILE_UNLISTED: ['seal', 'there, not listed'],
  FILE_UNREADABLE: ['seal', 'the system refuses to read it'],
  MANIFEST_MISSING: ['seal', 'no HASH_MANIFEST.txt'],
  MANIFEST_CHANGED: [
    'seal',
    `the manifest does not have the seal's digest, or is not what the stored files give`,
  ],
  MANIFEST_LINE_MALFORMED: [
    'seal',
    'a line is not `hash, two spaces, path, newline`; the manifest is empty or too long',
  ],
  MANIFEST_LINE_DUPLICATE: ['seal', 'a path is listed twice'],
  MANIFEST_UNSORTED: ['seal', 'a line comes before its place'],
  MANIFEST_PATH_ABSOLUTE: ['seal', 'a listed path begins with `/`'],
  MANIFEST_PATH_CLIMBS: ['seal', 'a listed path holds `..`'],
  MANIFEST_NAME_REFUSED: ['seal', 'a listed name that a packet must not hold'],
  SEAL_MISSING: ['seal', 'no packet_tree.sha256'],
  SEAL_MALFORMED: ['seal', 'the seal file is not the one line that it must be'],
  SEAL_UNEXPECTED: ['seal', 'another seal than expected, or than the ledger holds'],
  NAME_COLLISION: ['seal', 'two names that are one elsewhere'],
  NAME_NOT_UTF8: ['seal', `a name, or a symlink's text, is not UTF-8`],
  NAME_CONTROL_CHARACTER: ['seal', 'a name with a control character'],
  NAME_REFUSED: ['seal', 'a name with a backslash, or `-`'],
  SYMLINK_ESCAPES: ['seal', 'a symlink is absolute, climbs out, leads nowhere, in a circle, or to the seal'],
  SYMLINK_TO_FOLDER: ['seal', 'a symlink leads to a folder'],
  SPECIAL_FILE: ['seal', 'a device, socket or pipe, or a seal file that is no regular file'],
  TREE_DIFFERS: [
    'seal, semantics',
    'a file, mode or folder is not as in the ledger, or as the objects give it',
  ],
  PACK_DAMAGED: [
    'fsck, semantics',
    `a pack's tables or blocks; gaps between objects; the disk does not give the file back`,
  ],
  PACK_MISNAMED: ['fsck', `a pack's SHA-256 is not its name`],
  FILE_FOREIGN: ['fsck', 'a file in `packs/` or `heads/` that is none of ours'],
  OBJECT_DAMAGED: ['objects, fsck', 'bytes do not have their digest, or cannot be read'],
  OBJECT_MISSING: ['objects, fsck', 'something links it, no pack holds it'],
  OBJECT_INVALID: ['objects, fsck', 'it does not decode, or is malformed as a whole'],
  OBJECT_VERSION_UNKNOWN: [
    'objects, fsck',
    'its kind, or its version of it, is none that this version of custody knows',
  ],
  CONTENT_NOT_HASHED: [
    'objects, fsck',
    'a file claims more than is stored for it, and all files together more than `--limit-size`',
  ],
  HEAD_DAMAGED: ['fsck', 'the head cannot be decoded or contradicts itself'],
  HEAD_MISSING: ['fsck', 'there is no head'],
  RECORD_DAMAGED: ['chain, fsck', 'a record does not decode'],
  RECORD_CHAIN_BROKEN: [
    'chain, fsck',
    'a record does not name the one before it, or the head another last one',
  ],
  RECORD_INDEX_WRONG: ['chain, fsck', 'a record has another index than its place'],
  LOG_ROOT_WRONG: [
    'chain, fsck',
    `the records do not have the head's root or number, or those of a bundle not the root that is listed`,
  ],
  BUNDLE_DAMAGED: ['chain, fsck', 'a bundle is missing or not the one that must be there'],
  CHECKPOINT_INVALID: [
    'signatures, fsck; a note of what appends',
    'a checkpoint is missing, malformed, not signed by the key, disagrees with the log or does not follow the one that it links. What appends says it of the last one: nothing was signed on top of it',
  ],
  POLICY_MISMATCH: ['chain, fsck', 'record 0 does not hold the first policy'],
  LEVEL_SKIPPED: ['verify', 'a required level was not done'],
  EVIDENCE_MALFORMED: ['validator, semantics', 'evidence that is not of the form that it must have'],
  DIGEST_ABSENT: ['validator', 'an object that the evidence cites is not there'],
  NO_REAL_CHANGE: ['validator', 'no row changed'],
  ROLLBACK_NOT_EXACT: ['validator', 'the state after a way back is not the before-state'],
  ENTRY_EXIT_DIFFERS: ['validator', 'looking at the before-state changed it'],
  DELTA_UNEXPECTED: ['runner and validator', `the delta is not the plan's`],
  BOUNDARY_EXCEEDED: ['validator', 'something outside the boundary changed'],
  AFTER_STATES_DIFFER: ['validator', 'the legs lead to different states'],
  COVERAGE_DIFFERS: ['validator', 'a state was not looked at as the before-state was'],
  TRANSACTION_OPEN: ['validator', 'a leg left a transaction open'],
  PLAN_MISMATCH: ['validator', 'plan, its judged document, evidence and snapshots contradict each other'],
  LEG_MISSING: ['validator', 'a way back was not tried'],
  LEG_ORDER: ['validator', 'legs in another order, twice, or one that the plan does not have'],
  IMAGE_UNVERIFIED: [
    'validator',
    'the restore image was not verified, is not the before-state, or is not the stored one',
  ],
  EXECUTOR_CHANGED: [
    'runner and validator',
    `a script's digest is not the same everywhere, or not the pinned or approved one`,
  ],
  PREFLIGHT_FAILED: ['runner and validator', 'a gate is not met'],
  GATE_MISSING: ['validator', `a gate of the profile is not among the plan's, word for word`],
  ISOLATION_UNPROVEN: ['validator', 'an assertion is missing, is there twice, or must hold and does not'],
  MASK_UNDECLARED: ['validator', 'a masked value where none may be'],
  VALIDATOR_MISMATCH: [
    'validator, semantics',
    'the validator is not the file, or not the one, that is named',
  ],
  VALIDATOR_NOT_PINNED: [
    'semantics, rerun',
    'the policy of that record does not pin it, or only a later policy does and `--validator` does not name it; of a rerun: nobody trusts it',
  ],
  DOCUMENT_DIFFERS: [
    'semantics',
    'a plan or profile as people wrote it does not say what its judged document says, by which it was judged',
  ],
  TEMPLATE_UNKNOWN: [
    'semantics',
    'this version does not know the template under the name that it has: the text was not checked; with `--any-template` a note',
  ],
  VERDICT_DIFFERS: ['semantics', 'judged again it is another verdict, or it could not be judged again'],
  VERDICT_REJECTED: ['semantics', 'the rehearsal is rejected'],
  VERDICT_MISSING: ['semantics', 'a validator that must judge has no verdict in the packet'],
  PASS_WHILE_BLOCKED: ['validator', 'legs ran although a gate was not met'],
  ROLLBACK_UNCOMPARED: ['validator', 'the state after a way back was never captured'],
  ROLLBACK_ASSUMED: [
    'validator',
    'the state after a way back is the changed one: nothing was taken back, whatever the engine answered',
  ],
  ENTRY_EXIT_SKIPPED: ['validator', 'the before-state was not captured a second time'],
  BEFORE_DIVERGED: ['runner and validator', 'a leg did not start from the before-state'],
  FALSE_DONE: ['runner and validator', 'a postcondition of the applied change is not met'],
  POSTCONDITION_FAILED: ['validator', 'a postcondition is not met after a way back'],
  CLONE_QUARANTINED: ['runner and validator', 'nobody knows the state of a clone; it is kept'],
  PROBES_MISSING: ['validator', 'the plan has a profile with probes, and they were not run'],
  PROBE_NOT_REFUSED: [
    'validator',
    'a probe was not refused with its code, a claim leaked, or the control was refused',
  ],
  CLAIM_FORBIDDEN: ['validator', 'plan or script holds a claim that the profile forbids'],
  SURFACE_OBSERVED: [
    'validator',
    'a surface of the profile was asked for, or nothing proves that it was prevented',
  ],
  PRODUCTION_NAMED: [
    'validator',
    "a file that the plan names is remote, or production's; the guard would have refused to open it (`TARGET_PRODUCTION`)",
  ],
  VALIDATOR_LENIENT: [
    'judging, pinning',
    'a validator accepted evidence with a planted fault: its word does not count',
  ],
  VALIDATOR_STRICT: [
    'pinning',
    'a validator rejected a control in which everything is in order: it is not pinned',
  ],
  VALIDATOR_REJECTED: ['judging', 'a foreign validator rejects, in words of its own'],
  RERUN_DIFFERS: ['rerun, reexecuted', 'a rerun came to something else'],
  RERUN_INVALID: ['reexecuted', 'a given key signed a rerun that contradicts itself'],
  SQL_FAILED: ['runner, through the validator', 'a statement of the script, or its COMMIT, failed'],
  BOUNDARY_VIOLATED: ['nobody yet', 'a boundary that is violated refuses the rehearsal'],
  TRANSACTION_LOST: [
    'runner and validator',
    'the script ended the transaction, or a leg did not end as it must',
  ],
  SOURCE_CHANGED: ['validator', 'the source is not the pinned one, or not the stored one'],
  TIME_LIMIT: ['runner, through the validator', 'the script ran too long'],
  SELFTEST_UNKNOWN: [
    'a note of semantics',
    'a verdict says what a selftest gives that this custody does not know: another version brings that validator, or other cases; it was not compared',
  ],
  KEY_ABSENT: ['a note of what appends', `nothing was signed: this user does not have the log's key`],
  CLOCK_BEHIND: [
    'a note of what appends',
    `nothing was signed: this machine's clock stands before the time that was signed last; set it, and what is appended next signs this too`,
  ],
  RECORD_TIME_ODD: [
    'a note of chain and fsck',
    `the record's time lies before that of the record before it, or in the future`,
  ],
};

/** Which command answers with each word, and what it says: the table of spec/CLI.md is printed from it. */
const VERDICT_MEANINGS: Readonly<Record<Verdict, readonly [by: string, meaning: string]>> = {
  ACCEPTED: [
    '`rehearse`',
    'every pinned validator accepts: each way back gave the before-state, but for what the plan declares under `bounded`; recorded',
  ],
  REJECTED: ['`rehearse`', 'a validator found something; recorded'],
  REFUSED: ['`rehearse`', 'a trigger fired before any leg (its name follows): nothing ran; recorded'],
  SAME: ['`rerun`', 'the packet that came out has the same seal'],
  DIFFERENT: ['`rerun`', 'it has another one'],
  ok: ['`verify`, `fsck`, `validator selftest`', 'nothing was found, and every required level was done'],
  'ok, but self-consistent only': [
    '`verify`',
    'the same of a folder, of which nothing outside says that it is the right one: give `--expect` or `--against`',
  ],
  'NOT OK': ['`verify`', 'something was found, or a required level was skipped'],
  DAMAGED: ['`fsck`', 'something was found'],
  FAILED: ['`validator selftest`', 'this validator misjudged a vector'],
};

/** The rows of a table, with its head. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const [names, ...cells] = [head, ...rows].map((row) => `| ${row.join(' | ')} |`);
  return [names!, `|${head.map(() => '---').join('|')}|`, ...cells];
}

export function errorCodes(): string[] {
  return table(
    ['code', 'exit', 'meaning'],
    (Object.keys(ERROR_CATEGORIES) as ErrorCode[]).map((code) => [
      `\`${code}\``,
      String(exitCodeOf({ code })),
      ERROR_MEANINGS[code],
    ]),
  );
}

export function verdicts(): string[] {
  return table(
    ['word', 'exit', 'said by', 'meaning'],
    (Object.keys(VERDICT_EXIT) as Verdict[]).map((word) => [
      `**${word}**`,
      String(VERDICT_EXIT[word]),
      ...VERDICT_MEANINGS[word],
    ]),
  );
}

export function findingCodes(): string[] {
  return table(
    ['code', 'reported by', 'meaning'],
    FINDING_CODES.map((code) => [`\`${code}\``, ...FINDING_MEANINGS[code]]),
  );
}
