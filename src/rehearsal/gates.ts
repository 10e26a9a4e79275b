import { CustodyError, isOfInput } from '../errors.ts';
import { meets, parseExpectation } from '../rules/expectation.ts';
import type { ObjectOf } from '../objects/kinds.ts';
import type { PlanForm } from '../rules/plan-form.ts';

export type Gate = PlanForm['preflight'][number];
export type AnsweredGate = ObjectOf<'rehearsal'>['preflight'][number];
export type Postcondition = PlanForm['postconditions'][number];
export type Baseline = ObjectOf<'rehearsal'>['baseline'];

/** Whatever answers a query with one value: a clone, or a session inside its transaction. */
export interface Asked {
  query(sql: string): Promise<string>;
}

/** Asks each gate, in order. @throws CustodyError where one cannot be asked: that refuses, too, and says which. */
export async function askGates(asked: Asked, gates: readonly Gate[]): Promise<AnsweredGate[]> {
  const answers: AnsweredGate[] = [];
  for (const { name, sql, expect } of gates) {
    const actual = await ask(asked, 'preflight', name, sql);
    answers.push({ name, sql, expect, actual, ok: holds(expect, actual) });
  }
  return answers;
}

/** What each postcondition gives before anything was done. */
export async function askBaseline(asked: Asked, conditions: readonly Postcondition[]): Promise<Baseline> {
  const answers: Baseline[number][] = [];
  for (const { name, sql } of conditions)
    answers.push({ name, actual: await ask(asked, 'postcondition', name, sql) });
  return answers;
}

/** The answer to one postcondition, and whether it is the one that must be. */
export async function askCondition(
  asked: Asked,
  { name, sql, expect }: Postcondition,
  baseline: Baseline,
): Promise<{ actual: string; ok: boolean }> {
  const actual = await ask(asked, 'postcondition', name, sql);
  const before = baseline.find((b) => b.name === name)?.actual;
  return { actual, ok: expect === null ? actual === before : holds(expect, actual) };
}

function holds(expect: string, actual: string): boolean {
  const expectation = parseExpectation(expect);
  return expectation !== undefined && meets(expectation, actual);
}

/** Characters of an answer: it is written into the evidence, once a leg. */
const MAX_ANSWER = 10_000;

async function ask(
  asked: Asked,
  what: 'preflight' | 'postcondition',
  name: string,
  sql: string,
): Promise<string> {
  try {
    const answer = await asked.query(sql);
    if (answer.length <= MAX_ANSWER) return answer;
    throw new CustodyError(
      'SQL_FAILED',
      `its answer is longer than ${MAX_ANSWER.toLocaleString('en-US')} characters`,
    );
  } catch (cause) {
    if (!isOfInput(cause)) throw cause;
    throw new CustodyError(cause.code, `${what} "${name}": ${cause.message}`, {
      cause,
      path: `${what === 'preflight' ? what : 'postconditions'}/${name}`,
      hint: `A ${what} reads one row of one column and changes nothing; correct it in the plan.`,
    });
  }
}
