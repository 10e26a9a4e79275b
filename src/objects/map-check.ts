import { CustodyError } from '../errors.ts';
import { Link } from './link.ts';
import { walkMap } from './map-walk.ts';
import { MapBuilder } from './merkle-map.ts';
import { MAX_INLINE_ROW } from './sound/lists.ts';
import type { ObjectSink } from './sink.ts';
import { need, type Walk } from './walk.ts';

const NOWHERE: ObjectSink = { put: () => undefined };

/**
 * Builds a Merkle map again from its entries and compares the roots: only so is it known to be the one tree of its
 * content, cut where every builder cuts. Without it two maps of equal content could have two roots. Linear.
 * It returns the number of rows and yields no items.
 * @param count how many rows there must be, where that is known.
 * @throws CustodyError TREE_MALFORMED, OBJECT_KIND_UNEXPECTED and what decoding throws.
 */
export function* checkMap<T>(root: Link, count?: number): Walk<T, number> {
  const builder = new MapBuilder(NOWHERE);
  const walk = walkMap(root, count);
  let step = walk.next();
  while (!step.done) {
    if ('need' in step.value) {
      step = walk.next(yield step.value);
      continue;
    }
    const { key, row } = step.value.item;
    if (row instanceof Uint8Array && row.length > MAX_INLINE_ROW) {
      throw new CustodyError(
        'TREE_MALFORMED',
        `${root.digest}: a row of ${row.length} bytes is held inline`,
        {
          path: root.digest,
        },
      );
    }
    if (row instanceof Link && row.codec === 'raw') {
      const content = yield* need<T>(row.digest);
      if (content.length <= MAX_INLINE_ROW) {
        throw new CustodyError(
          'TREE_MALFORMED',
          `${root.digest}: a row of ${content.length} bytes is not held inline`,
          { path: root.digest },
        );
      }
    }
    builder.addBounded(key, row);
    step = walk.next();
  }
  const again = builder.finish();
  if (!again.root.equals(root)) {
    throw new CustodyError('TREE_MALFORMED', `${root.digest} is not cut as its content says`, {
      path: root.digest,
      hint: 'It was not made by custody, or by a version with other rules.',
    });
  }
  return again.count;
}
