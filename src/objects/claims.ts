import { findPhrases, type Match } from './phrase.ts';

/**
 * What may never be claimed: a verdict (PASS) on a subject (PRODUCTION), written as one token. A profile lists the two
 * apart, so that neither it nor what quotes it holds such a token.
 */
export interface Claims {
  readonly subjects: readonly string[];
  readonly verdicts: readonly string[];
}

/** Every forbidden token in a text. `phrase` is its harmless form, `SUBJECT+VERDICT`, which messages may show. */
export function findClaims(text: string, { subjects, verdicts }: Claims): Match[] {
  const found: Match[] = [];
  for (const subject of subjects)
    for (const verdict of verdicts)
      for (const match of findPhrases(text, [`${subject}_${verdict}`]))
        found.push({ ...match, phrase: `${subject}+${verdict}` });
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
