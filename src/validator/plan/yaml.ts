import { Composer, isAlias, isMap, isScalar, Lexer, Parser, visit, type CST, type YAMLMap } from 'yaml';
import { CustodyError } from '../../errors.ts';

/** Bytes of a plan or a profile. */
export const MAX_YAML = 1024 * 1024;
/** Collections around any part of it: a plan needs ten. Composing is recursive, and must not be as deep as somebody likes. */
const MAX_NESTING = 60;
/** How often aliases may multiply what they stand for, and how many there may be: each is looked up in the whole text. */
const MAX_EXPANSION = 100;
const MAX_ALIASES = 1_000;

/**
 * One YAML 1.2 document, as strictly as the runner reads it (src/rehearsal/plan-document.ts): no error, no warning, no
 * key twice, no merge keys. What hostile text costs is bounded: its length, its nesting, its aliases.
 * @returns plain values. A list or a map that aliases share is shared, and may hold itself.
 * @throws CustodyError PLAN_SYNTAX
 */
export function readYaml(bytes: Uint8Array): unknown {
  if (bytes.length > MAX_YAML) throw refused('it is larger than 1 MiB');
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw refused('it is not UTF-8');
  }
  // Keys are compared below: here each would be compared with every one before it.
  const composer = new Composer({
    strict: true,
    uniqueKeys: false,
    merge: false,
    version: '1.2',
    prettyErrors: false,
  });
  const [document, ...more] = composer.compose(tokensOf(text), true, text.length);
  if (!document || more.length > 0) throw refused('it is not one document');
  const fault = document.errors[0] ?? document.warnings[0];
  if (fault) throw refused(fault.message.slice(0, 200));
  if (document.directives.yaml.version !== '1.2') throw refused('it is not YAML 1.2');
  let aliases = 0;
  const anchors = new Set<string>();
  visit(document, {
    Node: (_, node) => {
      if (!isAlias(node)) {
        if (node.anchor !== undefined) anchors.add(node.anchor);
        if (isMap(node)) checkKeys(node);
      } else if (!anchors.has(node.source)) throw refused(`nothing is called *${node.source}`);
      else if (++aliases > MAX_ALIASES) throw refused('it has too many aliases');
    },
  });
  try {
    return document.toJS({ maxAliasCount: MAX_EXPANSION });
  } catch (error) {
    if (error instanceof ReferenceError) throw refused('it expands too many aliases');
    throw error;
  }
}

function checkKeys({ items }: YAMLMap): void {
  const names = items.map(({ key }) => (isScalar(key) ? String(key.value) : undefined));
  if (names.includes(undefined)) throw refused('a key that is no plain word');
  if (new Set(names).size < names.length) throw refused('a key is there twice');
}

/** The parser itself keeps a stack of its own, so that how deep a text goes is known before anything descends. */
function* tokensOf(text: string): Generator<CST.Token> {
  const parser = new Parser();
  for (const lexeme of new Lexer().lex(text)) {
    yield* parser.next(lexeme);
    if (parser.stack.length > MAX_NESTING) throw refused('it is nested too deeply');
  }
  yield* parser.end();
}

function refused(what: string): CustodyError {
  return new CustodyError('PLAN_SYNTAX', what);
}
