/** One word of a command line for sh, such as a path in a command that a hint suggests: quoted where it must be. */
export function shellWord(text: string): string {
  return /^[\w%+,./:@=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
