/**
 * What a capture asks of SQLite, whichever library answers: better-sqlite3 on a closed file, or node:sqlite inside a
 * transaction (process/connection.ts). Integers come as bigint, blobs as bytes.
 */
export interface SqlReads {
  all(sql: string): Readonly<Record<string, unknown>>[];
  /** Row by row, each the values in order. */
  rows(sql: string): Iterable<unknown[]>;
}
