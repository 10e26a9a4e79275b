import { afterEach, describe, expect, it, vi } from 'vitest';
import { parseSql } from '../../../../src/engines/postgres/script/parser.ts';
import { refuses } from '../../../support/refusals.ts';

const { parse } = vi.hoisted(() => ({ parse: vi.fn<(sql: string) => Promise<never>>() }));
vi.mock(import('libpg-query'), async (load) => {
  const real = await load();
  parse.mockImplementation(real.parse as never);
  return { ...real, parse };
});

describe('what the parser does not take', () => {
  afterEach(() => parse.mockClear());

  it('is a fault of the SQL, with its line', async () => {
    await refuses(parseSql('SELECT 1;\n\nSELEC 2'), 'SQL_SYNTAX', 'line 3');
  });

  it('is a fault of the SQL where that is nested deeper than the stack', async () => {
    await refuses(parseSql(`SELECT 1${'+1'.repeat(100_000)}`), 'SQL_SYNTAX');
  });

  it('is no fault of the SQL where the parser itself fails', async () => {
    const failure = new Error('Aborted(OOM)');
    parse.mockRejectedValueOnce(failure);
    await expect(parseSql('SELECT 1')).rejects.toBe(failure);
  });
});
