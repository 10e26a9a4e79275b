/** The note with a signature that nobody made: one letter of its last line is another. */
export const misSigned = (note: string): string =>
  note.replace(/(.)(.{3})\n$/u, (_, letter: string, end: string) => `${letter === 'A' ? 'B' : 'A'}${end}\n`);
