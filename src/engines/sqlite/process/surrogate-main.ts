import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { CustodyError, isCustodyError } from '../../../errors.ts';
import type { Digest } from '../../../objects/digest.ts';
import { buildDatabase } from '../build-database.ts';
import type { MainError } from './main-process.ts';

/** The process in which a surrogate is made, which can be ended. Its arguments: a script, a new file, the digest that it must have. */
async function answer([script, file, wanted]: readonly string[]): Promise<
  { readonly digest: Digest } | MainError
> {
  // What SQLite spills goes to the same disk, which is the one that is asked whether it is full (SQLite, tempfiles.html, 5).
  process.env['SQLITE_TMPDIR'] = dirname(file!);
  try {
    const digest = await buildDatabase(readFileSync(script!, 'utf8'), file!, (made) => {
      if (made === wanted) return;
      throw new CustodyError(
        'PROFILE_INVALID',
        `the script makes a database with digest ${made}, the profile pins ${wanted}`,
        { hint: 'Review the script; pin the digest of what it makes.' },
      );
    });
    return { digest };
  } catch (error) {
    if (!isCustodyError(error)) throw error;
    const { code, message, hint } = error;
    return { error: { code, message, hint } };
  }
}

process.stdout.write(JSON.stringify(await answer(process.argv.slice(2))));
