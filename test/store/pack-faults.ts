import type { PackFault } from './fault.ts';
import { BLOCK_FAULTS } from './pack-faults-blocks.ts';
import { TABLE_FAULTS } from './pack-faults-tables.ts';

/** What the files in test/vectors/pack are made from. */
export const PACK_FAULTS: readonly PackFault[] = [...TABLE_FAULTS, ...BLOCK_FAULTS];
