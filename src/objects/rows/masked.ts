/** A value that a plan declared (clock, randomness) and that is left out of a comparison; no engine ever captures it. */
export const MASKED: unique symbol = Symbol('masked');
