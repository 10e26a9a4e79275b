import { describe, expect, it } from 'vitest';
import { surfacesOf, type Surface } from '../../src/rules/surfaces.ts';

const PLAN = { actions: [], preflight: [], postconditions: [] };
const claims = (
  ...list: [string, boolean][]
): { engine: 'sqlite'; isolation: { assertion: string; holds: boolean }[] } => ({
  engine: 'sqlite',
  isolation: list.map(([assertion, holds]) => ({ assertion, holds })),
});

function proof(
  how: Surface['how'],
  {
    rehearsal = claims(['a', true], ['b', true]),
    plan = PLAN,
    sql = 'SELECT 1',
  }: {
    rehearsal?: Parameters<typeof surfacesOf>[1];
    plan?: Parameters<typeof surfacesOf>[2];
    sql?: string;
  } = {},
): { status: string; how: string } {
  const [only] = surfacesOf([{ id: 'van', how }], rehearsal, plan, [{ path: 'a.sql', text: sql }]);
  return only!;
}

describe('a forbidden surface', () => {
  const isolated = { isolation: { sqlite: ['a', 'b'] } };

  it('is prevented where every assertion holds, and they are named', () => {
    expect(proof(isolated)).toEqual({
      surface: { id: 'van', how: isolated },
      status: 'prevented',
      how: 'isolation: a, b',
    });
  });

  it.each([
    ['does not hold', claims(['a', true], ['b', false]), 'b'],
    ['is missing', claims(['b', true]), 'a'],
    ['is asserted twice', claims(['a', true], ['b', true], ['b', true]), 'b'],
  ])('is observed where one %s, and that one is named', (_, rehearsal, name) => {
    const { status, how } = proof(isolated, { rehearsal });
    expect(status).toBe('observed');
    expect(how).toContain(`: ${name} `);
  });

  it('is observed where no assertion of the engine stands for it', () => {
    expect(proof({ isolation: { postgres: ['a'] } }).status).toBe('observed');
    expect(
      proof({ isolation: { postgres: ['a'] } }, { rehearsal: { ...claims(['a', true]), engine: 'postgres' } })
        .status,
    ).toBe('prevented');
  });

  it('is not requested where neither action nor words ask for it', () => {
    expect(proof({ action: 'van' }).status).toBe('not requested');
    expect(proof({ words: ['van'] }, { sql: '-- van' }).status).toBe('not requested');
    expect(proof({ action: 'van' }, { plan: { ...PLAN, actions: ['other'] } }).status).toBe('not requested');
  });

  it('is observed where something asks for it, although it should have been refused', () => {
    expect(proof({ action: 'a van' }, { plan: { ...PLAN, actions: ['A-VAN'] } }).status).toBe('observed');
    expect(proof({ words: ['van'] }, { sql: 'SELECT van' }).status).toBe('observed');
    const preflight = [{ name: 'g', sql: 'SELECT van', expect: '1' }];
    expect(proof({ words: ['van'] }, { plan: { ...PLAN, preflight } }).status).toBe('observed');
    const postconditions = [{ name: 'g', sql: 'SELECT van', expect: null, at: 'back' as const }];
    expect(proof({ words: ['van'] }, { plan: { ...PLAN, postconditions } }).status).toBe('observed');
    expect(proof({ ...isolated, words: ['van'] }, { sql: 'SELECT van' }).status).toBe('observed');
  });
});
