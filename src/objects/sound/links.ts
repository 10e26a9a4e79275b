import { CustodyError, isCustodyError } from '../../errors.ts';
import type { Digest } from '../digest.ts';
import { entryLinks } from '../entry.ts';
import { decodeObject, type AnyObject, type Kind } from '../kinds.ts';
import type { Link } from '../link.ts';
import { need, type Walk } from '../walk.ts';

type Linked = readonly [kind: Kind, link: Link | null];

/**
 * The kinds that an object's links must lead to, beside those of its lists and maps. Content that is not raw is a `file`.
 */
function linkedKinds(object: AnyObject): readonly Linked[] {
  const all = (kind: Kind, ...links: readonly (Link | null)[]): Linked[] => links.map((link) => [kind, link]);
  const content = (...links: readonly (Link | null | undefined)[]): Linked[] =>
    links.flatMap((link): Linked[] => (link?.codec === 'dag-cbor' ? [['file', link]] : []));
  switch (object.kind) {
    case 'tree':
      return object.entries.flatMap((entry): readonly Linked[] => {
        if (!('name' in entry)) return [];
        return entry.mode === 'dir' ? [['tree', entry.link]] : content(entry.link);
      });
    case 'validator':
      return content(object.file);
    case 'packet':
      return object.links.flatMap(([name, link]): Linked[] => {
        if (name === 'rehearsal') return [['rehearsal', link]];
        return /^verdict(-[0-9]+)?$/.test(name) ? [['verdict', link]] : [];
      });
    case 'entry':
      return entryLinks(object);
    case 'checkpoint':
      return all('checkpoint', object.previous);
    case 'plan':
      return content(object.document, object.written, ...Object.values(object.profile ?? {}));
    case 'rehearsal': {
      const { legs, image } = object;
      const scripts = [object.executor, object.rollback].filter((script) => script !== null);
      return [
        ...all('plan', object.plan),
        ...all('validator', ...object.validators),
        ...all('tree', object.source.files),
        ...all('snapshot', object.entry, object.exit, image.restored),
        ...legs.flatMap(({ start, after, back }) => all('snapshot', start, after, back)),
        ...all('probes', object.probes),
        ...content(image.file, ...scripts.flatMap(({ file, parts }) => [file, ...parts.map((p) => p.file)])),
      ];
    }
    case 'run':
      return [
        ...all('rehearsal', object.rehearsal),
        ...object.afters.map(([, link]): Linked => ['snapshot', link]),
      ];
    case 'verdict':
      return [...all('validator', object.validator), ...all('rehearsal', object.subject)];
    case 'probes':
      return content(object.profile);
    case 'rerun':
      return [...all('rehearsal', object.subject, object.again), ...all('run', object.run)];
    case 'policy':
      return [...all('policy', object.previous), ...all('validator', ...object.validators)];
    default:
      return [];
  }
}

function kindIn(bytes: Uint8Array): Kind | undefined {
  try {
    return decodeObject(bytes).kind;
  } catch (error) {
    if (isCustodyError(error)) return undefined;
    throw error;
  }
}

/**
 * What an object says of those that it links, beside what its lists and maps say (spec/FORMAT.md, "Checks of a
 * reader"): their kinds.
 * @throws CustodyError OBJECT_KIND_UNEXPECTED, and what reading throws.
 */
export function* checkLinks(object: AnyObject, id: Digest): Walk<never> {
  for (const [kind, link] of linkedKinds(object)) {
    if (link === null) continue;
    if (link.codec === 'raw')
      throw new CustodyError('OBJECT_KIND_UNEXPECTED', `a ${object.kind} links raw bytes as a ${kind}`, {
        path: id,
      });
    const found = kindIn(yield* need<never>(link.digest));
    // What does not decode is named where it is visited itself.
    if (found === undefined) continue;
    if (found !== kind)
      throw new CustodyError('OBJECT_KIND_UNEXPECTED', `a ${object.kind} links a ${found} as a ${kind}`, {
        path: id,
      });
  }
}
