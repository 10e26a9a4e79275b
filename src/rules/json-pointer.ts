/** The JSON pointer (RFC 6901) of what stands under a key, or at a place of a list. */
export function pointerTo(parent: string, key: string | number): string {
  return `${parent}/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
