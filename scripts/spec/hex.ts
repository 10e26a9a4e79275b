/** Columns of hex in a printed block. */
const WIDTH = 96;

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** Hex in lines of 48 bytes. */
export function hexLines(bytes: Uint8Array): string[] {
  return hex(bytes).match(new RegExp(`.{1,${WIDTH}}`, 'g')) ?? [];
}

export function utf8(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text));
}
