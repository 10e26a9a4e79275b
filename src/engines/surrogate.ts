/** The engine in which profiles describe their surrogates. */
export { buildDatabase, forbiddenVerb } from './sqlite/build-database.ts';
