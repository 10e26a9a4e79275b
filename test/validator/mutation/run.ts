import { judge } from '../../../src/validator/judge.ts';
import type { Built } from '../../../src/vectors/draft.ts';
import { FREE, sameFile } from './free.ts';
import { mutantsOf } from './mutants.ts';

export interface MutationResult {
  /** Mutants that were tried. */
  readonly tried: number;
  /** Of those, what no bytes can hold. */
  readonly refused: number;
  /** `PATH: what was done`, accepted although nothing says that it may be. */
  readonly survivors: readonly string[];
  /** Entries of {@link FREE} that a mutant met. */
  readonly met: ReadonlySet<number>;
}

/** Judges every `step`-th mutant of accepted evidence, from the `first` on. */
export function mutate(built: Built, step = 1, first = 0): MutationResult {
  const survivors: string[] = [];
  const met = new Set<number>();
  let tried = 0;
  let refused = 0;
  let i = 0;
  for (const made of mutantsOf(built)) {
    const { path, how } = made;
    if (i++ % step !== first % step) continue;
    tried++;
    const mutant = made.build();
    if (mutant === undefined) refused++;
    else if (mutant.subject !== built.subject && judge(mutant.subject, mutant.objects).accepted) {
      const free = FREE.findIndex(
        (entry) => entry.path.test(path) && entry.how.test(how) && entry.holds?.(mutant) !== false,
      );
      if (free >= 0) met.add(free);
      else if (!(path.startsWith('rehearsal/plan/document') && sameFile(built, mutant)))
        survivors.push(`${path}: ${how}`);
    }
  }
  return { tried, refused, survivors, met };
}
