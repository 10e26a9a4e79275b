import { existsSync } from 'node:fs';
import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CustodyError, fromSystemError } from '../errors.ts';

/** The folder of a profile: data that this version brings, in the repository and in the package. */
export function profileFolder(name: string): string {
  for (const place of ['../profiles/', '../../profiles/']) {
    const path = fileURLToPath(new URL(`${place}${name}`, import.meta.url));
    if (existsSync(path)) return path;
  }
  throw new CustodyError('PATH_NOT_FOUND', `the profile ${name} is not there`, {
    hint: 'Install custody again.',
  });
}

/**
 * Makes a profile's surrogate database: runs its `surrogate.sql`, which is data of ours, into a new SQLite file. The
 * same SQL gives the same snapshot every time. @throws PATH_NOT_FOUND, DISK_FULL, IO_FAILED.
 */
export async function makeSurrogate(profile: string, file: string): Promise<void> {
  const { default: Database } = await import('better-sqlite3');
  try {
    const sql = await readFile(join(profile, 'surrogate.sql'), 'utf8');
    const database = new Database(file);
    try {
      database.pragma('journal_mode = DELETE');
      database.exec(`BEGIN; ${sql} COMMIT;`);
    } finally {
      database.close();
    }
  } catch (error) {
    throw fromSystemError(error, file);
  }
}

/** Copies a profile's plan and executor beside the surrogate. */
export async function copyPlan(profile: string, folder: string): Promise<string> {
  for (const name of ['plan.yaml', 'birth.sql']) await copyFile(join(profile, name), join(folder, name));
  return join(folder, 'plan.yaml');
}
