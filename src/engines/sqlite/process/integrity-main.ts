import { isCustodyError } from '../../../errors.ts';
import { integrityFaults, type IntegrityAnswer } from './integrity.ts';
import type { MainError } from './main-process.ts';
import { openReader } from '../capture/reader.ts';

/** The process in which an integrity check can be ended (integrity.ts). Its argument is a closed database. */
function answer(path: string): IntegrityAnswer | MainError {
  try {
    using reader = openReader(path);
    return { faults: integrityFaults(reader.reads) };
  } catch (error) {
    if (!isCustodyError(error)) throw error;
    const { code, message, hint } = error;
    return { error: { code, message, hint } };
  }
}

process.stdout.write(JSON.stringify(answer(process.argv[2] ?? '')));
