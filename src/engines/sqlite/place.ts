import type { Digest } from '../../objects/digest.ts';
import type { ObjectSink } from '../../objects/sink.ts';
import type { Captured } from '../engine.ts';
import type { SqlChild } from './process/child.ts';

/** What the clones of one workspace share: the folder, the restore image, settings, and how a child is started. */
export interface Place {
  readonly folder: string;
  readonly image: string;
  readonly imageDigest: Digest;
  /** The source's real path: a clone must be another file. */
  readonly source: string;
  readonly pragmas: readonly (readonly [string, string])[];
  /** Milliseconds that a script or a query may take. */
  readonly timeLimit: number;
  readonly signal: AbortSignal | undefined;
  /** Starts a child that may use one folder; what is seen of it goes into the isolation record. */
  readonly start: (folder: string) => Promise<SqlChild>;
  /** Folders of clones that are to be kept and lie in `folder` still: while there is one, nobody may remove that. */
  readonly stranded: Set<string>;
  /** Processes that hide their open files, by number, as they were met. */
  readonly hiding: Set<string>;
  /** Bytes of a state up to which a session writes it as an image; what is larger is read in parts. */
  readonly imageUpTo: number;
  /** Captures a closed file. */
  readonly capture: (path: string, sink: ObjectSink) => Promise<Captured>;
}
