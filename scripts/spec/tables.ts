/**
 * The rows of a marked table of a page, below its head: `<!-- table:NAME -->` … `<!-- /table -->`.
 * @throws Error where there is none.
 */
export function rowsOf(page: string, name: string): string[][] {
  const block = new RegExp(`<!-- table:${name} -->\\n([^]*?)<!-- /table -->`).exec(page)?.[1];
  if (block === undefined) throw new Error(`spec/ has no table ${name}`);
  return block
    .trim()
    .split('\n')
    .slice(2)
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );
}
