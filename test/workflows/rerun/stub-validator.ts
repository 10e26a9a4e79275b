import { legsOnly } from '../../judging/programs.ts';

/** A validator for tests of what is around judging: it accepts every rehearsal whose legs changed something and took it back. */
export const STUB = Buffer.from(legsOnly('after !== entry && back === entry')).toString();
