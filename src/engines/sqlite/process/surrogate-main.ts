import { readFileSync } from 'node:fs';
import { isCustodyError } from '../../../errors.ts';
import type { Digest } from '../../../objects/digest.ts';
import { buildDatabase } from '../build-database.ts';
import type { MainError } from './main-process.ts';

/** The process in which a packet's surrogate is made again, which can be ended. Its arguments: a script, a new file. */
async function answer(script: string, file: string): Promise<{ readonly digest: Digest } | MainError> {
  try {
    return { digest: await buildDatabase(readFileSync(script, 'utf8'), file, () => undefined) };
  } catch (error) {
    if (!isCustodyError(error)) throw error;
    const { code, message, hint } = error;
    return { error: { code, message, hint } };
  }
}

process.stdout.write(JSON.stringify(await answer(process.argv[2] ?? '', process.argv[3] ?? '')));
