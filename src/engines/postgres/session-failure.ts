import { CustodyError } from '../../errors.ts';
import { isServerError } from './failure.ts';

/** What an error of the server means when it comes while a script runs. */
export function scriptFailure(error: unknown, path: string): unknown {
  if (!isServerError(error))
    return error instanceof CustodyError && error.code === 'ENGINE_FAILED' ? lost(path, error) : error;
  const message = `${path}: ${error.message} [${error.code}]`;
  switch (error.code) {
    case '42501': // insufficient_privilege
    case '25006': // read_only_sql_transaction
      return new CustodyError('BOUNDARY_VIOLATED', message, {
        cause: error,
        path,
        hint: 'The boundary does not allow this.',
      });
    case '2D000': // invalid_transaction_termination: COMMIT in a procedure
      return new CustodyError('TRANSACTION_CONTROL', message, {
        cause: error,
        path,
        hint: 'The runner owns the transaction.',
      });
    case '25P03': // idle_in_transaction_session_timeout
    case '57P01': // admin_shutdown
    case '57P02':
    case '57P03':
      return lost(path, error);
    default:
      return new CustodyError('SQL_FAILED', message, {
        cause: error,
        path,
        hint: 'Correct the script or its data.',
      });
  }
}

export function lost(path: string, cause?: unknown): CustodyError {
  return new CustodyError('TRANSACTION_LOST', `${path}: the session or its transaction was lost`, {
    path,
    ...(cause === undefined ? {} : { cause }),
  });
}
