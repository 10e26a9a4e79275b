import { pointerTo } from './json-pointer.ts';

/** Every text in a value as JSON or YAML gives it, keys too, with its JSON pointer (RFC 6901). */
export function* textsIn(value: unknown, pointer = ''): Generator<{ pointer: string; text: string }> {
  if (typeof value === 'string') yield { pointer, text: value };
  else if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) yield* textsIn(item, `${pointer}/${i}`);
  } else if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)) {
    for (const [key, item] of Object.entries(value)) {
      const inner = pointerTo(pointer, key);
      yield { pointer: inner, text: key };
      yield* textsIn(item, inner);
    }
  }
}
