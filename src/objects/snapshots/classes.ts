export type EngineName = 'sqlite' | 'postgres';

/** The version of the lists of classes: a new class raises it, and nothing else does (spec/FORMAT.md, "Snapshots"). */
export const COVERAGE_LIST = 1;

/** The classes of facts that this version looks at, each with the number of parts of a fact's name. */
export const FACT_CLASSES = {
  sqlite: { database: 1, schema: 2, sequence: 1 },
  postgres: { database: 1, schema: 2, sequence: 1 },
} as const satisfies Record<EngineName, Record<string, number>>;

/** Of a class. `table`, `row` and `coverage` are other parts of a comparison. */
export const CLASS_NAME = /^(?!(?:table|row|coverage)$)[a-z][a-z-]*$/;
