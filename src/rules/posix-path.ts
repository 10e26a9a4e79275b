/** `folder/path` without `.`, `..` and empty segments where they can be resolved; `/` first keeps a path absolute. */
export function posixJoin(folder: string, path: string): string {
  const whole = path.startsWith('/') || folder === '' ? path : `${folder}/${path}`;
  const out: string[] = [];
  for (const segment of whole.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment === '..' && out.length > 0 && out.at(-1) !== '..') out.pop();
    else if (segment !== '..' || !whole.startsWith('/')) out.push(segment);
  }
  return `${whole.startsWith('/') ? '/' : ''}${out.join('/')}`;
}
