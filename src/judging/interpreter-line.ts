/** The interpreter that a file names in its first line, as the kernel reads it (execve(2)): a path, and at most one argument. */
export interface Interpreter {
  readonly path: string;
  readonly argument?: string;
}

/** As the kernel does, no more than this is looked at (BINPRM_BUF_SIZE). */
const MAX_LINE = 256;

export function hasInterpreterLine(code: Uint8Array): boolean {
  return code[0] === 0x23 && code[1] === 0x21;
}

/** Undefined where the line names no absolute path, is too long, or holds control characters. */
export function interpreterOf(code: Uint8Array): Interpreter | undefined {
  const end = code.subarray(0, MAX_LINE).indexOf(0x0a);
  if (!hasInterpreterLine(code) || end < 0) return undefined;
  const line = Buffer.from(code.subarray(2, end)).toString('latin1');
  const [, path, argument] = /^[ \t]*(\/[^ \t]*)(?:[ \t]+(.*?))?[ \t]*$/.exec(line) ?? [];
  if (path === undefined || /[\x00-\x08\x0a-\x1f\x7f-\xff]/.test(line)) return undefined;
  return argument ? { path, argument } : { path };
}
