import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import yargs, { type Argv } from 'yargs';
import { pages, printed } from '../scripts/spec-examples.ts';
import { ERROR_MEANINGS, FINDING_MEANINGS } from '../scripts/spec/codes.ts';
import { makeWorld } from '../scripts/spec/world.ts';
import { COMMANDS } from '../src/cli/commands.ts';
import { ERROR_CATEGORIES } from '../src/errors.ts';
import { FINDING_CODES } from '../src/finding.ts';
import { toJson } from '../src/objects/json.ts';
import { decodeObject, KINDS } from '../src/objects/kinds.ts';
import { PLAN_SCHEMA } from '../src/rules/plan-schema.ts';
import { PROFILE_SCHEMA } from '../src/rules/profile-schema.ts';
import { STAGES } from '../src/validator/judge.ts';
import { LEVELS } from '../src/workflows/verify-report.ts';

const PAGES = await pages();
const text = [...PAGES.values()].join('\n');

/** The rows of a marked table, as cells without their backticks. */
function table(name: string): string[][] {
  const block = new RegExp(`<!-- table:${name} -->\\n([^]*?)<!-- /table -->`).exec(text)?.[1];
  expect(block, `spec/ has no table ${name}`).toBeDefined();
  return block!
    .trim()
    .split('\n')
    .slice(2)
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );
}

const column = (name: string, i = 0): string[] => table(name).map((row) => bare(row[i]!));
const bare = (cell: string): string => cell.replaceAll('`', '').replace(/ \*$/, '');

describe('spec/ says what the code does', () => {
  it('has what is printed from the code: `node scripts/spec-examples.ts` writes it', async () => {
    expect(await printed(PAGES)).toEqual(PAGES);
  });

  it('has a worked example and all fields of every kind, in the order of the code', () => {
    const { objects, examples: links } = makeWorld();
    for (const kind of KINDS) {
      const object = toJson(decodeObject(objects.get(links[kind].digest))) as Record<string, unknown>;
      const fields = Object.keys(object).filter((name) => name !== 'kind' && name !== 'v');
      expect(object['kind']).toBe(kind);
      expect(column(kind), kind).toEqual(fields);
    }
  });

  it('lists the kinds', () => {
    expect(column('kinds')).toEqual(KINDS);
  });

  it('says something of every code', () => {
    for (const meaning of Object.values(ERROR_MEANINGS)) expect(meaning).not.toBe('');
    for (const [by, meaning] of Object.values(FINDING_MEANINGS)) {
      expect(by).not.toBe('');
      expect(meaning !== '' || by === 'nobody yet').toBe(true);
    }
  });

  it('names no code that does not exist', () => {
    const known = new Set<string>([...Object.keys(ERROR_CATEGORIES), ...FINDING_CODES, ...ENVIRONMENT]);
    const named = [...text.matchAll(/`([A-Z]{2,}(?:_[A-Z0-9]+)+)`/g)].map(([, code]) => code!);
    expect(named.filter((code) => !known.has(code))).toEqual([]);
  });

  it('lists the commands with their options', async () => {
    expect(column('commands')).toEqual([...COMMANDS.values()].map(({ usage }) => usage));
    for (const [usage, options] of table('commands')) {
      const { load } = COMMANDS.get(bare(usage!).split(' ')[0]!)!;
      expect(optionsIn(options!), usage).toEqual(await optionsOf(await load()));
    }
  });

  it('lists the checks of the validator by stage', () => {
    const [gathering, ...checks] = table('checks').map(([name, stage]) => [bare(name!), Number(stage)]);
    expect(gathering).toEqual(['(gathering)', 0]);
    expect(checks).toEqual(STAGES.flatMap((stage, i) => stage.map(({ name }) => [name, i + 1])));
  });

  it('lists the keys of a plan, and which must be there', () => {
    const listed = table('plan-keys').map(([key]) => [bare(key!), key!.endsWith('*')]);
    expect(listed.sort()).toEqual(planKeys(PLAN_SCHEMA as unknown as Schema, '').sort());
  });

  it('lists the keys of a profile, and which must be there', () => {
    const listed = table('profile-keys').map(([key]) => [bare(key!), key!.endsWith('*')]);
    expect(listed.sort()).toEqual(planKeys(PROFILE_SCHEMA as unknown as Schema, '').sort());
  });

  it('explains every level of verify', () => {
    const levels = [...text.matchAll(/^\| `([a-z]+)` \| [^|]+ \| [^|]+ \|$/gm)].map(([, level]) => level!);
    for (const level of LEVELS) expect(levels).toContain(level);
  });

  it('has every section that is cited, in the page that is named', () => {
    const titles = new Set(
      [...PAGES].flatMap(([page, own]) =>
        [...own.matchAll(/^#+ (.*)$|\*\*([^*]+?)[.,:]?\*\*/gm)].map(
          ([, heading, bold]) => `${page} ${(heading ?? bold!).replaceAll('`', '')}`,
        ),
      ),
    );
    const citations = ['src', 'test', 'scripts', 'bench', 'schemas', 'profiles'].flatMap(textsIn);
    const cited = citations.flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/spec\/([A-Z]+\.md), \\?"([^"\\]+)\\?"/g)].map(
        ([, page, title]) => `${page!} ${title!}`,
      ),
    );
    expect(cited.length).toBeGreaterThan(50);
    expect(cited.filter((title) => !titles.has(title))).toEqual([]);
  });

  it('has every place that its pages link to', () => {
    const places = new Set(
      [...PAGES].flatMap(([page, own]) =>
        [...own.matchAll(/^#+ (.*)$|<a id="([^"]+)">/gm)].map(
          ([, heading, id]) => `${page}#${id ?? anchorOf(heading!)}`,
        ),
      ),
    );
    const links = [...PAGES].flatMap(([page, own]) =>
      [...own.matchAll(/\]\(([A-Z]+\.md)?(?:#([^)]+))?\)/g)].map(([, other, id]) => [other ?? page, id]),
    );
    expect(links.length).toBeGreaterThan(50);
    const broken = links.filter(([page, id]) =>
      id === undefined ? !PAGES.has(page!) : !places.has(`${page!}#${id}`),
    );
    expect(broken).toEqual([]);
  });
});

/** As GitHub makes it. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\- ]/gu, '')
    .replaceAll(' ', '-');

const ENVIRONMENT = [
  'CUSTODY_AUTHOR',
  'CUSTODY_LANE',
  'CUSTODY_CONFIG_DIR',
  'XDG_CONFIG_HOME',
  'CUSTODY_TRACE',
];

function textsIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(?:ts|json|yaml|md)$/.test(name) && !name.startsWith('vectors'))
    .map((name) => join(folder, name));
}

const optionsIn = (cell: string): string[] =>
  [...cell.matchAll(/--([a-z-]+)/g)].map(([, name]) => name!).sort();

/** Names of a command's own options, as its help shows them. */
async function optionsOf(command: { options(y: Argv): unknown }): Promise<string[]> {
  const parser = yargs().help(false).version(false).wrap(null);
  command.options(parser);
  const lines = (await parser.getHelp()).split('\n').filter((line) => /^\s+-/.test(line));
  return lines.map((line) => /--([a-z-]+)/.exec(line)![1]!).sort();
}

interface Schema {
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
}

function planKeys(schema: Schema, prefix: string): [string, boolean][] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, field]): [string, boolean][] => [
    [prefix + name, schema.required?.includes(name) ?? false],
    ...planKeys(field, `${prefix}${name}.`),
  ]);
  const { additionalProperties: any, items } = schema;
  const base = prefix.slice(0, -1);
  return [
    ...own,
    ...(typeof any === 'object' ? planKeys(any, `${prefix}*.`) : []),
    ...(items ? planKeys(items, `${base}[].`) : []),
  ];
}
