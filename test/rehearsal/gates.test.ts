import { describe, expect, it } from 'vitest';
import { askBaseline, askGates } from '../../src/rehearsal/gates.ts';

describe('an answer that goes into the evidence', () => {
  const answering = (length: number): { query: () => Promise<string> } => ({
    query: () => Promise.resolve('x'.repeat(length)),
  });
  const gate = { name: 'long', sql: 'SELECT v FROM t', expect: 'x' };
  const condition = { name: 'long', sql: 'SELECT v FROM t', expect: null, at: 'back' } as const;

  it('may have 10,000 characters', async () => {
    const [answer] = await askGates(answering(10_000), [gate]);
    expect(answer).toMatchObject({ ok: false, actual: 'x'.repeat(10_000) });
    expect(await askBaseline(answering(10_000), [condition])).toHaveLength(1);
  });

  it('and no more', async () => {
    await expect(askGates(answering(10_001), [gate])).rejects.toMatchObject({ code: 'SQL_FAILED' });
    await expect(askBaseline(answering(10_001), [condition])).rejects.toMatchObject({ code: 'SQL_FAILED' });
  });
});
