/**
 * Words that a profile names, found in text whatever their case and whatever stands between their parts: `GO_LIVE` is
 * also `go live` and `Go-Live`. A phrase begins and ends where no letter and no digit stands beside it, so `_` ends one.
 */
export interface Match {
  /** UTF-16 units from the start of the text. */
  readonly at: number;
  readonly length: number;
  /** The phrase as it was given. */
  readonly phrase: string;
}

const SEPARATORS = /[\s_-]+/u;
const BEFORE = '(?<![\\p{L}\\p{N}])';
const BEHIND = '(?![\\p{L}\\p{N}])';

/** Finds every one of these phrases; those of nothing but separators are ignored. */
export function findPhrases(text: string, phrases: readonly string[]): Match[] {
  return inOrder(
    phrases.flatMap((phrase) => {
      const source = sourceOf(phrase);
      if (source === undefined) return [];
      return Array.from(text.matchAll(new RegExp(source, 'giu')), (match) => matched(match, phrase));
    }),
  );
}

/** The first place of each of these phrases that is there: one match a phrase, however often a text repeats it. */
export function findFirst(text: string, phrases: readonly string[]): Match[] {
  return inOrder(
    phrases.flatMap((phrase) => {
      const source = sourceOf(phrase);
      const match = source === undefined ? null : new RegExp(source, 'iu').exec(text);
      return match ? [matched(match, phrase)] : [];
    }),
  );
}

function matched({ index, 0: { length } }: RegExpExecArray, phrase: string): Match {
  return { at: index, length, phrase };
}

function inOrder(matches: Match[]): Match[] {
  return matches.sort((a, b) => a.at - b.at || b.length - a.length);
}

/** Whether anything of a phrase is left without its separators: nothing else is ever found. */
export function isPhrase(text: string): boolean {
  return partsOf(text).length > 0;
}

/** Whether two phrases are one but for case and separators. */
export function samePhrase(a: string, b: string): boolean {
  const parts = (phrase: string): string => partsOf(phrase).join(' ').toLowerCase();
  return parts(a) === parts(b);
}

/** The line of a place in a text, from 1. */
export function lineAt(text: string, at: number): number {
  let line = 1;
  for (let next = text.indexOf('\n'); next >= 0 && next < at; next = text.indexOf('\n', next + 1)) line++;
  return line;
}

function sourceOf(phrase: string): string | undefined {
  const parts = partsOf(phrase);
  return parts.length === 0 ? undefined : `${BEFORE}${parts.map(escaped).join('[\\s_-]+')}${BEHIND}`;
}

function partsOf(phrase: string): string[] {
  return phrase.split(SEPARATORS).filter((part) => part !== '');
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/gu, '\\$&');
}
