/** Bytewise order of UTF-8, which is not JavaScript's order of strings. */
export function compareNames(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** Whether a folder's entry can be called so (spec/FORMAT.md, "Folders"). What a packet refuses beyond that is names.ts of packets/seal. */
export function isEntryName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !name.includes('/') && !name.includes('\0');
}
