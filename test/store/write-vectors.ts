import { writeFileSync } from 'node:fs';
import { PACK_FAULTS } from './pack-faults.ts';

/** Writes test/vectors/pack/*.json: a description, the pack in hex, and what must be said about it. */
for (const { name, description, pack, open, get, scrub } of PACK_FAULTS) {
  const vector = { description, open, get, scrub, pack: pack.toString('hex') };
  writeFileSync(
    new URL(`../vectors/pack/${name}.json`, import.meta.url),
    `${JSON.stringify(vector, null, 2)}\n`,
  );
}
