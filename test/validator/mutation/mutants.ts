import { isCustodyError } from '../../../src/errors.ts';
import { closure } from '../../../src/objects/closure.ts';
import { decode, encode, type Value, type ValueMap } from '../../../src/objects/codec.ts';
import { digestOf, type Digest } from '../../../src/objects/digest.ts';
import { storeContent } from '../../../src/objects/file.ts';
import { decodeKeyText } from '../../../src/objects/rows/key-text.ts';
import { decodeObject } from '../../../src/objects/kinds.ts';
import { Link, nodeLink } from '../../../src/objects/link.ts';
import { walkMap, type Row } from '../../../src/objects/map-walk.ts';
import { MapBuilder } from '../../../src/objects/merkle-map.ts';
import { isMap } from '../../../src/objects/schema.ts';
import { driveSync } from '../../../src/objects/walk.ts';
import { canonicalJson, readCanonicalJson } from '../../../src/objects/json.ts';
import type { Built } from '../../../src/vectors/draft.ts';
import { Overlay } from './overlay.ts';
import { changesOf, listChanges, mapChanges, nearBytes, sampled, same } from './values.ts';

/** Accepted evidence in which one thing is another one, and everything above it is encoded and linked anew. */
export interface Mutant {
  /** From the rehearsal down, by field and by place in a list: a shared object is changed at one place only. */
  readonly path: string;
  readonly how: string;
  /** @returns undefined where no bytes can hold it. */
  build(): Built | undefined;
}

/** Puts a value where the old one was, and gives the id of the rehearsal that comes of it. */
type Put = (value: Value, sink: Overlay) => Digest;
interface Place {
  readonly path: string;
  readonly field: string;
  readonly put: Put;
}
type Entry = [key: Uint8Array, row: Row];

/** Where a link leads to a Merkle map. */
const MAPS: Readonly<Record<string, readonly string[]>> = {
  snapshot: ['tables'],
  table: ['root'],
};

/** Every mutant of a rehearsal, whatever it was made by: selftest or a real run. */
export function* mutantsOf({ subject, objects }: Built): Generator<Mutant> {
  const walker = new Walker(subject, objects);
  yield* walker.link(nodeLink(subject), {
    path: 'rehearsal',
    field: 'rehearsal',
    put: (value) => (value as Link).digest,
  });
}

class Walker {
  readonly #objects: Built['objects'];
  /** Links by the kind of what they lead to, and hashes: what is right elsewhere. */
  readonly #others = new Map<string, Value[]>();
  readonly #rehearsal: ValueMap;

  constructor(subject: Digest, objects: Built['objects']) {
    this.#objects = objects;
    this.#rehearsal = decode(objects.get(subject)) as ValueMap;
    for (const { link, bytes } of driveSync(closure([nodeLink(subject)]), objects.get)) {
      const kind = link.codec === 'raw' ? 'raw' : decodeObject(bytes).kind;
      const known = this.#others.get(kind) ?? [];
      if (known.length < 3) this.#others.set(kind, [...known, link]);
    }
  }

  *link(link: Link, place: Place): Generator<Mutant> {
    const object = link.codec === 'raw' ? undefined : (decode(this.#objects.get(link.digest)) as ValueMap);
    if (place.field !== 'rehearsal') yield* this.#replaced(link, this.#kindsLike(object), place);
    if (object === undefined) yield* this.#content(link, place);
    else {
      yield* this.#value(object, {
        ...place,
        put: (value, sink) => place.put(putDocument(value, sink), sink),
      });
    }
  }

  *#value(value: Value, place: Place): Generator<Mutant> {
    if (value instanceof Link) yield* this.link(value, place);
    else if (Array.isArray(value)) {
      const list = value as readonly Value[];
      yield* this.#changed(listChanges(list), place);
      for (const i of sampled(list.length))
        yield* this.#value(list[i]!, {
          ...place,
          path: `${place.path}/${labelOf(list[i]!, i)}`,
          put: (item, sink) => place.put(list.with(i, item), sink),
        });
    } else if (isMap(value)) {
      yield* this.#changed(mapChanges(value), place);
      for (const [field, item] of Object.entries(value)) yield* this.#field(value, field, item, place);
    } else yield* this.#replaced(value, value instanceof Uint8Array ? this.#hashes() : [], place);
  }

  *#field(map: ValueMap, field: string, item: Value, place: Place): Generator<Mutant> {
    const below: Place = {
      path: `${place.path}/${field}`,
      field,
      put: (value, sink) => place.put({ ...map, [field]: value }, sink),
    };
    if (item instanceof Link && (place.field === 'facts' || MAPS[kindIn(map)]?.includes(field))) {
      yield* this.#replaced(item, this.#others.get('rows') ?? [], below);
      const put: Put = (root, sink) => {
        const rows = countOf(root as Link, sink);
        return place.put({ ...map, [field]: root, ...(field === 'root' && { rows }) }, sink);
      };
      yield* this.#merkle(item, field, { ...below, put });
    } else yield* this.#value(item, below);
    for (const other of this.#otherLegs(place.path, field))
      if (!same(other, item)) yield* this.#changed([["another leg's", other]], below);
  }

  /** A Merkle map: its content is changed and the map made anew; and its lists as they are, one by one. */
  *#merkle(root: Link, field: string, place: Place): Generator<Mutant> {
    const entries = [...driveSync(walkMap(root), this.#objects.get)].map(({ key, row }): Entry => [key, row]);
    const made = (changed: readonly Entry[], sink: Overlay): Digest => place.put(mapOf(changed, sink), sink);
    // Rows that are stored out of line are few, and are others than those in between.
    const linked = entries.flatMap(([, row], i) => (row instanceof Link ? [i] : [])).slice(0, 16);
    for (const i of new Set([...sampled(entries.length), ...linked])) {
      const [key, row] = entries[i]!;
      const path = `${place.path}/${nameOf(key)}`;
      yield this.#mutant(path, 'without', (sink) => made(entries.toSpliced(i, 1), sink));
      for (const [how, other] of nearBytes(key)) {
        yield this.#mutant(path, `key ${how}`, (sink) =>
          made(entries.with(i, [other as Uint8Array, row]), sink),
        );
        yield this.#mutant(path, `again, key ${how}`, (sink) =>
          made([...entries, [other as Uint8Array, row]], sink),
        );
      }
      const at: Place = {
        path,
        field: 'row',
        put: (value, sink) => made(entries.with(i, [key, value as Row]), sink),
      };
      if (row instanceof Link) yield* this.link(row, at);
      else if (field === 'root') yield* this.#replaced(row, [], at);
      else yield* this.#value(decode(row), { ...at, put: (value, sink) => at.put(encode(value), sink) });
    }
    yield* this.#lists(root, place);
  }

  /** The lists of a map by themselves: what is above is linked anew, but not cut anew. */
  *#lists(root: Link, place: Place): Generator<Mutant> {
    const list = decode(this.#objects.get(root.digest)) as ValueMap;
    const put: Put = (value, sink) => place.put(putDocument(value, sink), sink);
    yield* this.#changed(mapChanges(list), { ...place, put });
    for (const [field, value] of Object.entries(list)) {
      const below: Place = {
        path: `${place.path}/${field}`,
        field,
        put: (changed, sink) => put({ ...list, [field]: changed }, sink),
      };
      if (Array.isArray(value)) yield* this.#changed(listChanges(value as Value[]), below);
      else yield* this.#replaced(value, [], below);
      if (list['kind'] !== 'node' || !Array.isArray(value)) continue;
      for (const [i, child] of (value as [Uint8Array, Link, number][]).entries()) {
        if (i > 1) break;
        const entry = (changed: Value, sink: Overlay): Digest =>
          below.put((value as Value[]).with(i, changed), sink);
        yield* this.#changed(
          [
            ['last key', [Uint8Array.from([...child[0], 0]), child[1], child[2]]],
            ['count', [child[0], child[1], child[2] + 1]],
          ],
          { ...below, path: `${below.path}/${i}`, put: entry },
        );
      }
    }
  }

  /** The bytes of stored content; of a document also each thing that it says. */
  *#content(link: Link, place: Place): Generator<Mutant> {
    const bytes = this.#objects.get(link.digest);
    const put: Put = (value, sink) => place.put(storeContent(sink, value as Uint8Array), sink);
    yield* this.#changed(nearBytes(bytes), { ...place, put });
    if (place.field === 'document')
      yield* this.#value(readCanonicalJson(bytes) as Value, {
        ...place,
        put: (value, sink) => put(canonicalJson(value), sink),
      });
  }

  *#replaced(value: Value, others: readonly Value[], place: Place): Generator<Mutant> {
    yield* this.#changed(
      changesOf(value, place.field, value === null ? this.#plausible(place) : others),
      place,
    );
  }

  *#changed(changes: readonly (readonly [string, Value])[], { path, put }: Place): Generator<Mutant> {
    for (const [how, value] of changes) yield this.#mutant(path, how, (sink) => put(value, sink));
  }

  #mutant(path: string, how: string, make: (sink: Overlay) => Digest): Mutant {
    return {
      path,
      how,
      build: () => {
        const objects = new Overlay(this.#objects);
        try {
          return { subject: make(objects), objects };
        } catch (error) {
          if (isCustodyError(error)) return undefined;
          throw error;
        }
      },
    };
  }

  #kindsLike(object: ValueMap | undefined): Value[] {
    const kind = object === undefined ? 'raw' : kindIn(object);
    const another = [...this.#others].find(([other]) => other !== kind && other !== 'raw')?.[1][0];
    return [...(this.#others.get(kind) ?? []), ...(another === undefined ? [] : [another])];
  }

  #hashes(): Value[] {
    const seen: Uint8Array[] = [];
    const visit = (value: Value): void => {
      if (value instanceof Uint8Array && value.length === 32) seen.push(value);
      else if (Array.isArray(value)) (value as Value[]).forEach(visit);
      else if (isMap(value)) Object.values(value).forEach(visit);
    };
    visit(this.#rehearsal);
    return seen.filter((hash, i) => seen.findIndex((other) => same(other, hash)) === i).slice(0, 4);
  }

  /** What may stand where nothing does. */
  #plausible({ field }: Place): Value[] {
    if (field === 'trigger') return [];
    return [
      ...(this.#others.get('snapshot') ?? []).slice(0, 1),
      ...(this.#others.get('raw') ?? []).slice(0, 1),
    ];
  }

  /** The same field of the other legs. */
  #otherLegs(path: string, field: string): Value[] {
    const leg = /^rehearsal\/legs\/([TRS])$/.exec(path)?.[1];
    if (leg === undefined) return [];
    const legs = this.#rehearsal['legs'] as ValueMap[];
    return legs.filter((other) => other['leg'] !== leg).map((other) => other[field]!);
  }
}

function kindIn(object: ValueMap): string {
  const { kind } = object;
  return typeof kind === 'string' ? kind : '';
}

function putDocument(value: Value, sink: Overlay): Link {
  const bytes = encode(value);
  const digest = digestOf(bytes);
  sink.put('dag-cbor', digest, bytes);
  return nodeLink(digest);
}

function mapOf(entries: readonly Entry[], sink: Overlay): Link {
  const builder = new MapBuilder(sink);
  for (const [key, row] of [...entries].sort(([a], [b]) => Buffer.compare(a, b)))
    builder.addBounded(key, row);
  return builder.finish().root;
}

/** Rows below a root; what is no map has as many as it says. */
function countOf(root: Link, sink: Overlay): number {
  try {
    return [...driveSync(walkMap(root), sink.get)].length;
  } catch {
    return 0;
  }
}

/** A name for an item: what it is called, else its place. */
function labelOf(item: Value, i: number): string {
  if (!isMap(item)) return String(i);
  const name = item['leg'] ?? item['assertion'] ?? item['name'] ?? item['table'] ?? item['id'];
  return typeof name === 'string' ? name : String(i);
}

function nameOf(key: Uint8Array): string {
  try {
    return decodeKeyText(key).join(' ');
  } catch {
    return Buffer.from(key).toString('hex').slice(0, 40);
  }
}
