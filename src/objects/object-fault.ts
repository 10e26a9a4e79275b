import type { CustodyError, ErrorCode } from '../errors.ts';
import type { FindingCode } from '../finding.ts';

/** The finding that an error of reading or decoding an object is, for every reader that collects them. */
export function objectFault(code: ErrorCode): FindingCode {
  switch (code) {
    case 'OBJECT_MISSING':
      return 'OBJECT_MISSING';
    case 'OBJECT_CORRUPT':
    case 'PACK_CORRUPT':
      return 'OBJECT_DAMAGED';
    case 'OBJECT_VERSION_UNKNOWN':
    case 'OBJECT_KIND_UNKNOWN':
      return 'OBJECT_VERSION_UNKNOWN';
    default:
      return 'OBJECT_INVALID';
  }
}

/** For what must be of one kind by its place, and is not: nobody knows what is of another version, and it is no damage. */
export function unknownOr<C extends FindingCode>(
  { code }: CustodyError,
  otherwise: C,
): C | 'OBJECT_VERSION_UNKNOWN' {
  return code === 'OBJECT_VERSION_UNKNOWN' ? code : otherwise;
}
