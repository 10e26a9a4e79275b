import type { ScriptPart } from './includes.ts';
import { findFirst, findPhrases, isPhrase, type Match } from './phrase.ts';
import type { ProfileDocument } from './profile-schema.ts';
import { textsIn } from './texts.ts';

/**
 * What may never be claimed: a verdict (PASS) on a subject (PRODUCTION), written as one token. A profile lists the two
 * apart, so that neither it nor what quotes it holds such a token.
 */
export type Claims = ProfileDocument['claims'];

/** Every forbidden token in a text. `phrase` is its harmless form, `SUBJECT+VERDICT`, which messages may show. */
export function findClaims(text: string, claims: Claims): Match[] {
  return inText(text, claims, findPhrases);
}

/** A forbidden token and where it stands: at a place of a text, or in a value under a key. */
export type Claimed = { readonly phrase: string } & (
  { readonly in: ScriptPart; readonly at: number } | { readonly key: string }
);

/**
 * The forbidden tokens of a plan and its scripts, each once a text: in the files as they are written, comments too, since
 * packets hold them; and in the values that YAML gives, where no file has them like that.
 */
export function* claimsIn(
  written: Iterable<ScriptPart>,
  read: Readonly<Record<string, unknown>>,
  claims: Claims,
): Generator<Claimed> {
  const seen = new Set<string>();
  for (const part of written)
    for (const { at, phrase } of inText(part.text, claims, findFirst)) {
      seen.add(phrase);
      yield { in: part, at, phrase };
    }
  for (const [key, value] of Object.entries(read)) {
    const inside = new Set<string>();
    for (const { text } of textsIn(value))
      for (const { phrase } of inText(text, claims, findFirst)) if (!seen.has(phrase)) inside.add(phrase);
    for (const phrase of inside) yield { key, phrase };
  }
}

function inText(text: string, { subjects, verdicts }: Claims, find: typeof findPhrases): Match[] {
  const found: Match[] = [];
  for (const subject of subjects) {
    // Where the subject is nowhere, no verdict needs looking for.
    if (isPhrase(subject) && findFirst(text, [subject]).length === 0) continue;
    for (const verdict of verdicts)
      for (const match of find(text, [`${subject}_${verdict}`]))
        found.push({ ...match, phrase: `${subject}+${verdict}` });
  }
  return found.sort((a, b) => a.at - b.at || b.length - a.length);
}

/** The text with every forbidden token in its harmless form: for messages about a text that holds one. */
export function hideClaims(text: string, claims: Claims): string {
  let out = '';
  let from = 0;
  for (const { at, length, phrase } of findClaims(text, claims)) {
    if (at < from) continue;
    out += `${text.slice(from, at)}[${phrase}]`;
    from = at + length;
  }
  return out + text.slice(from);
}
