/** The engine in which profiles describe their surrogates. */
export { buildDatabase, buildSurrogate, forbiddenVerb } from './sqlite/build-database.ts';
