/** JSON that means the same to every reader: no key twice in one object (RFC 8259, section 4). @throws SyntaxError */
export function parseStrictJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  // The text is JSON, so its strings can be told from its structure by this alone.
  const open: (Set<string> | null)[] = [];
  for (const [token, colon] of tokens(text)) {
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(null);
    else if (token === '}' || token === ']') open.pop();
    else if (colon) {
      const key = JSON.parse(token) as string;
      const keys = open.at(-1);
      if (keys?.has(key)) throw new SyntaxError(`the key ${token.slice(0, 80)} is there twice`);
      keys?.add(key);
    }
  }
  return value;
}

/** Brackets and strings, and whether a string is a key. */
function* tokens(text: string): Generator<[token: string, colon: boolean]> {
  const TOKEN = /[{}[\]]|"(?:[^"\\]|\\.)*"(?:[ \t\r\n]*(:))?/gs;
  for (const [found, colon] of text.matchAll(TOKEN)) {
    const end = colon === undefined ? found.length : found.lastIndexOf('"') + 1;
    yield [found.slice(0, end), colon !== undefined];
  }
}
