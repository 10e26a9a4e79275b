/**
 * What a preflight query must give: `>= 1`, `== 0` and the like compare numbers exactly; anything else is the text of
 * the value itself. The runner and the validator judge by this one function.
 */
export type Operator = '==' | '!=' | '<' | '<=' | '>' | '>=';
export type Expectation =
  { readonly operator: Operator; readonly number: bigint } | { readonly text: string };

const COMPARISON = /^\s*(==|!=|<=|>=|<|>)\s*(-?[0-9]{1,18})\s*$/;

/** @returns undefined for something that looks like a comparison and is none. */
export function parseExpectation(text: string): Expectation | undefined {
  const match = COMPARISON.exec(text);
  if (match) return { operator: match[1] as Operator, number: BigInt(match[2]!) };
  return /^\s*([<>=≤≥≠]|!=)/.test(text) ? undefined : { text };
}

/** Whether `actual`, a value as text, meets the expectation. A comparison with something that is no integer is not met. */
export function meets(expectation: Expectation, actual: string): boolean {
  if ('text' in expectation) return expectation.text === actual;
  if (!/^-?[0-9]{1,30}$/.test(actual)) return false;
  const value = BigInt(actual);
  const { operator, number } = expectation;
  switch (operator) {
    case '==':
      return value === number;
    case '!=':
      return value !== number;
    case '<':
      return value < number;
    case '<=':
      return value <= number;
    case '>':
      return value > number;
    case '>=':
      return value >= number;
  }
}
