import type { Digest } from '../objects/digest.ts';
import { openNote, parseNote, signNote, type NoteSignature } from './note.ts';

/** What a rerunner signs (spec/REHEARSAL.md, "Reruns"). */
export interface RerunClaim {
  /** The rehearsal that was run again. */
  readonly subject: Digest;
  /** The rehearsal that came out. */
  readonly again: Digest;
  /** Whether everything is the same: the rehearsal and the seal of its packet. */
  readonly same: boolean;
}

/** The text of the note: four lines, so that nothing but a rerun can be read into the signature. */
export function rerunText({ subject, again, same }: RerunClaim): string {
  return `custody rerun/1\n${subject}\n${again}\n${same ? 'same' : 'different'}\n`;
}

/** @throws CustodyError KEY_MALFORMED. */
export function signRerun(claim: RerunClaim, skey: string): string {
  return signNote(rerunText(claim), skey);
}

/** Who claims to have signed; nothing is verified. @throws CustodyError NOTE_MALFORMED. */
export function claimedSigners(note: string): readonly NoteSignature[] {
  return parseNote(note).signatures;
}

/**
 * Whether one of the keys signed exactly this claim.
 * @returns the signatures that count; undefined where the note says something else than the claim.
 * @throws CustodyError NOTE_MALFORMED; SIGNATURE_INVALID where no key signed it, or a signature of a given key is wrong.
 */
export function openRerun(
  note: string,
  claim: RerunClaim,
  vkeys: readonly string[],
): readonly NoteSignature[] | undefined {
  const { text, verified } = openNote(note, vkeys);
  return text === rerunText(claim) ? verified : undefined;
}
