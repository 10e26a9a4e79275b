import type { Digest } from '../../objects/digest.ts';
import type { Json } from '../../objects/json.ts';
import type { Templates } from '../../packets/files/templates.ts';
import type { PinnedValidator } from '../../judging/policy.ts';

/** Content, opened when it is written. */
export type Opened = () => AsyncIterable<Uint8Array>;

/** A file that a script was made of, the main one first. */
export interface SubjectPart {
  /** As the plan names it. */
  readonly path: string;
  readonly open: Opened;
}

/** What is to be run again, wherever it comes from: a ledger or an unpacked packet. */
export interface RerunSubject {
  /** Of the rehearsal. */
  readonly id: Digest;
  /** Of its packet. */
  readonly seal: Digest;
  /** rehearsal.json, and each verdict file by name, as they are in the packet. */
  readonly rehearsal: Json;
  readonly verdicts: ReadonlyMap<string, Json>;
  /** The `changes` of row-changes.json. */
  readonly changes: readonly Json[];
  /** The packet's files and what they hash to, without the two files of the seal. */
  readonly files: ReadonlyMap<string, Digest>;
  /** The files of plan and profile as people wrote them. */
  readonly written: Uint8Array;
  readonly profile: Uint8Array | undefined;
  /** The script of the profile's surrogate. */
  readonly surrogate: Uint8Array | undefined;
  /** Its templates of README.md and the scripts that this version knows, and its own of the others. */
  readonly templates: Templates;
  /** What its `run` says of the program; a packet alone has none. */
  readonly ran: Json | undefined;
  /** Whether the profile's probes were run. */
  readonly probed: boolean;
  readonly executor: readonly SubjectPart[];
  readonly rollback: readonly SubjectPart[] | undefined;
  /** By name: `source`, `source-wal`, … */
  readonly source: ReadonlyMap<string, Opened>;
  /** Those that judged, each allowed to run here. */
  readonly validators: readonly PinnedValidator[];
  /** Reads objects of the subject, such as its snapshots; undefined where there are only files. */
  readonly get: ((id: Digest) => Promise<Uint8Array>) | undefined;
}
