import { readFileSync } from 'node:fs';
import { orAbsent } from '../../../errors.ts';

/** The unprivileged account that the server's processes run under; undefined: our own. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

const NOBODY: Account = { uid: 65534, gid: 65534 };

/**
 * PostgreSQL refuses to run as root, and should not: as root we take the account `postgres` where there is one, else
 * nobody. As anyone else we stay who we are.
 */
export function serverAccount(
  uid: number | undefined = process.getuid?.(),
  passwd = '/etc/passwd',
): Account | undefined {
  if (uid !== 0) return undefined;
  try {
    const line = /^postgres:[^:]*:(\d+):(\d+):/m.exec(readFileSync(passwd, 'utf8'));
    if (line && line[1] !== '0') return { uid: Number(line[1]), gid: Number(line[2]) };
  } catch (error) {
    orAbsent(undefined)(error); // no such file: nobody will do
  }
  return NOBODY;
}
