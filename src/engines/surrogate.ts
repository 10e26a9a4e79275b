/** The engine in which profiles describe their surrogates. */
export { buildDatabase, buildForeign, forbiddenVerb } from './sqlite/build-database.ts';
