export interface LineChange {
  readonly change: 'added' | 'removed';
  /** Line number from 1, in the file that has the line. */
  readonly line: number;
  readonly text: string;
}

/** Differences between two texts by lines, by the library `diff` (Myers, "An O(ND) Difference Algorithm", 1986). */
export async function diffLines(before: string, after: string): Promise<LineChange[]> {
  const { diffArrays } = await import('diff');
  const changes: LineChange[] = [];
  let [old, now] = [1, 1];
  for (const { value, added, removed } of diffArrays(before.split('\n'), after.split('\n'))) {
    for (const text of value) {
      if (added) changes.push({ change: 'added', line: now++, text });
      else if (removed) changes.push({ change: 'removed', line: old++, text });
      else {
        old++;
        now++;
      }
    }
  }
  return changes;
}
