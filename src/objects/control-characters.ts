/**
 * What forges or hides text in a terminal, a log or a name: Cc (C0, DEL, C1), the line and paragraph separators,
 * Bidi_Control and U+FEFF. Zero-width joiners stay legal: emoji and several scripts need them.
 */
export const CONTROL_CLASS = String.raw`\p{Cc}\u2028\u2029\p{Bidi_Control}\uFEFF`;
const CONTROL = new RegExp(`[${CONTROL_CLASS}]`, 'u');
const EACH = new RegExp(`[${CONTROL_CLASS}]`, 'gu');

export function hasControlCharacter(text: string): boolean {
  return CONTROL.test(text);
}

/** Each as `\u{1b}`. */
export function escapeControl(text: string): string {
  return text.replace(EACH, (c) => `\\u{${c.codePointAt(0)!.toString(16)}}`);
}
