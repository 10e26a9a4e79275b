import {
  Composer,
  isAlias,
  isMap,
  isNode,
  isScalar,
  Lexer,
  LineCounter,
  Parser,
  visit,
  type CST,
  type Document,
  type YAMLMap,
} from 'yaml';
import { CustodyError } from '../errors.ts';

/** Bytes of a plan or a profile. */
export const MAX_YAML = 1024 * 1024;
/** Collections around any part of it: a plan needs ten. Composing is recursive, and must not be as deep as somebody likes. */
const MAX_NESTING = 60;
/** How often aliases may multiply what they stand for, and how many there may be: each is looked up in the whole text. */
const MAX_EXPANSION = 100;
const MAX_ALIASES = 1_000;

export interface YamlDocument {
  /** Plain values. A list or a map that aliases share is shared, and may hold itself. */
  readonly value: unknown;
  /** The line of a JSON pointer (`/delta/posts`), or of the nearest parent that is written down; from 1. */
  readonly lineOf: (pointer: string) => number;
}

/** Why a text is not taken. */
export interface YamlFault {
  readonly fault: string;
  /** From 1. */
  readonly line: number;
}

/**
 * One YAML 1.2 document (https://yaml.org/spec/1.2.2/), read as strictly by who runs a plan as by who judges it: no error,
 * no warning, no key twice, no merge keys. What hostile text costs is bounded: its length, its nesting, its aliases.
 */
export function readYaml(bytes: Uint8Array): YamlDocument | YamlFault {
  const counter = new LineCounter();
  counter.addNewLine(0);
  const lineAt = (offset = 0): number => counter.linePos(offset).line;
  try {
    const document = compose(textOf(bytes), counter);
    checkNodes(document);
    return { value: expand(document), lineOf: (pointer) => lineAt(offsetOf(document, pointer)) };
  } catch (error) {
    if (error instanceof Refused) return { fault: error.message, line: lineAt(error.offset) };
    throw error;
  }
}

/** The same for who needs no lines. @throws CustodyError PLAN_SYNTAX */
export function yamlValue(bytes: Uint8Array): unknown {
  const read = readYaml(bytes);
  if ('fault' in read) throw new CustodyError('PLAN_SYNTAX', read.fault);
  return read.value;
}

/** Never leaves this file. */
class Refused extends Error {
  readonly offset: number | undefined;

  constructor(message: string, offset?: number) {
    super(message);
    this.offset = offset;
  }
}

function textOf(bytes: Uint8Array): string {
  if (bytes.length > MAX_YAML) throw new Refused('it is larger than 1 MiB');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Refused('it is not UTF-8 text');
  }
}

function compose(text: string, counter: LineCounter): Document.Parsed {
  // Keys are compared by checkNodes: here each would be compared with every one before it.
  const composer = new Composer({
    strict: true,
    uniqueKeys: false,
    merge: false,
    version: '1.2',
    prettyErrors: false,
  });
  const [document, ...more] = composer.compose(tokensOf(text, counter), true, text.length);
  if (!document || more.length > 0) throw new Refused('it is not one document', more[0]?.range[0]);
  const fault = document.errors[0] ?? document.warnings[0];
  if (fault) throw new Refused(fault.message.slice(0, 200), fault.pos[0]);
  if (document.directives.yaml.version !== '1.2') throw new Refused('it is not YAML 1.2');
  return document;
}

/** The parser itself keeps a stack of its own, so that how deep a text goes is known before anything descends. */
function* tokensOf(text: string, counter: LineCounter): Generator<CST.Token> {
  const parser = new Parser(counter.addNewLine);
  for (const lexeme of new Lexer().lex(text)) {
    yield* parser.next(lexeme);
    if (parser.stack.length > MAX_NESTING) throw new Refused('it is nested too deeply', parser.offset);
  }
  yield* parser.end();
}

function checkNodes(document: Document.Parsed): void {
  let aliases = 0;
  const anchors = new Set<string>();
  visit(document, {
    Node: (_, node) => {
      const offset = node.range?.[0];
      if (!isAlias(node)) {
        if (node.anchor !== undefined) anchors.add(node.anchor);
        if (isMap(node)) checkKeys(node);
      } else if (!anchors.has(node.source)) throw new Refused(`nothing is called *${node.source}`, offset);
      else if (++aliases > MAX_ALIASES) throw new Refused('it has too many aliases', offset);
    },
  });
}

function checkKeys({ items, range }: YAMLMap): void {
  const names = new Set<string>();
  for (const { key } of items) {
    const offset = (isNode(key) ? key.range : range)?.[0];
    if (!isScalar(key)) throw new Refused('a key that is no plain word', offset);
    const name = String(key.value);
    if (names.has(name)) throw new Refused(`the key ${JSON.stringify(name)} is there twice`, offset);
    names.add(name);
  }
}

function expand(document: Document.Parsed): unknown {
  try {
    return document.toJS({ maxAliasCount: MAX_EXPANSION });
  } catch (error) {
    if (error instanceof ReferenceError) throw new Refused('it expands too many aliases');
    throw error;
  }
}

function offsetOf(document: Document.Parsed, pointer: string): number | undefined {
  const keys = pointer
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  for (; keys.length > 0; keys.pop()) {
    const parent = document.getIn(keys.slice(0, -1), true);
    // Of a pair the key's place: its value may stand on the next line.
    const pair = isMap(parent) ? parent.items.find(({ key }) => String(key) === keys.at(-1)) : undefined;
    const node = pair ? pair.key : document.getIn(keys, true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return undefined;
}
