import type { Value } from '../../objects/codec.ts';
import type { Claims } from '../../rules/claims.ts';
import type { GateDocument } from '../../rules/plan-form.ts';
import type { Production } from '../../rules/production-target.ts';
import * as s from '../../objects/schema.ts';
import type { Surface } from '../../rules/surfaces.ts';
import { invalid, optional, part, textOrNumber } from './fields.ts';

/** What a profile demands of a rehearsal under it (SPEC.md, "Profiles"). */
export interface ProfileRules {
  readonly production: Production;
  readonly surfaces: readonly Surface[];
  readonly claims: Claims;
  /** Gates that the plan must ask. */
  readonly preflight: readonly Readonly<GateDocument>[];
  /** As they are listed: the control, then the cases. A control is expected to be refused with nothing. */
  readonly probes: readonly {
    readonly id: string;
    readonly name: string;
    readonly expected: string | null;
  }[];
}

/** As the profile's JSON Schema has it: what is looked for in every text must be few and short. */
const MAX_ITEMS = 1000;
const MAX_WORD = 200;

const word: s.Field<string> = (value, path) => {
  const text = s.text(value, path);
  return text.length <= MAX_WORD ? text : invalid(path, `at most ${MAX_WORD} characters`);
};

function list<T>(item: s.Field<T>): s.Field<readonly T[]> {
  const all = s.list(item);
  return (value, path) =>
    Array.isArray(value) && value.length > MAX_ITEMS
      ? invalid(path, `at most ${MAX_ITEMS} items`)
      : all(value, path);
}

const words = list(word);
const texts = list(s.text);

const ways = s.record({
  isolation: optional(s.record({ sqlite: optional(texts), postgres: optional(texts) })),
  action: optional(word),
  words: optional(words),
});

/** A way that is not known here would be a surface that nobody judges. */
const how: s.Field<Surface['how']> = (value, path) => {
  const known = ways(value, path);
  return Object.values(known).some((way) => way !== undefined)
    ? known
    : invalid(path, 'at least one of isolation, action and words');
};

const named = { id: s.text, name: s.text };
const probes = part({ control: part(named), cases: list(part({ ...named, expected: s.text })) });

const profile = part({
  custody: s.oneOf('profile/1'),
  production: part({ hosts: words, urls: words, paths: words, databases: words }),
  surfaces: list(part({ id: s.text, how })),
  claims: part({ subjects: words, verdicts: words }),
  preflight: optional(list(part({ name: s.text, sql: s.text, expect: textOrNumber }))),
  probes: optional(probes),
});

/**
 * A profile, of which only what is judged is read, strictly; its JSON Schema is the runner's affair.
 * @throws CustodyError OBJECT_FIELD_INVALID, OBJECT_FIELD_UNKNOWN.
 */
export function profileRules(value: unknown): ProfileRules {
  const { production, surfaces, claims, preflight, probes: bad } = profile(value as Value, 'profile');
  return {
    production,
    surfaces,
    claims,
    preflight: preflight ?? [],
    probes: bad ? [{ ...bad.control, expected: null }, ...bad.cases] : [],
  };
}
