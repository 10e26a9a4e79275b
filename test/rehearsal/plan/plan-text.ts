import { expect } from 'vitest';
import { parsePlan, type Plan } from '../../../src/rehearsal/plan/plan.ts';
import { refusalOf } from '../../support/refusals.ts';

export const PATH = '/plans/plan.yaml';
export const LINES = [
  'custody: plan/2',
  'name: one birth',
  'engine: sqlite',
  'source: { file: a.sqlite, kind: fixture }',
  'executor: { file: a.sql }',
  'delta:',
  '  births: { inserted: 1 }',
];

export const parseText = (text: string | Uint8Array): Promise<Plan> =>
  parsePlan(typeof text === 'string' ? Buffer.from(text) : text, PATH);
export const withLines = (...lines: string[]): string => [...LINES, ...lines, ''].join('\n');

export async function planRefusal(text: string | Uint8Array): Promise<[string, string | undefined]> {
  const error = (await refusalOf(parseText(text)))!;
  expect(error.hint).not.toBe('');
  return [error.code, error.path?.replace(`${PATH}:`, '')];
}
