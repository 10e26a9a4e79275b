import { expect, it } from 'vitest';
import { hasControlCharacter } from '../../src/objects/control-characters.ts';
import { Desk } from './desk.ts';

/** DEL, a C1 control that begins a sequence, one that turns text around, one that is not seen, and an escape. */
const EACH = ['\u007f', '\u009b', '\u202e', '\ufeff', '\u001b'];

it.each(EACH)('%j reaches no terminal and no name, in JSON neither', async (character) => {
  using desk = new Desk();
  const text = `a${character}b`;
  await desk.fails(['init', '--origin', text], 'ORIGIN_MALFORMED', 2);
  await desk.init();
  await desk.packet();
  for (const option of ['--author', '--lane'])
    await desk.fails(['commit', 'evidence', option, text], 'USAGE', 2);
  await desk.json(['commit', 'evidence', '-m', text]);
  for (const argv of [['log'], ['log', '--json'], ['show', 'HEAD'], ['show', 'HEAD', '--json']]) {
    const { stdout } = await desk.run(argv);
    expect(stdout).toContain('a\\u');
    for (const line of stdout.split('\n')) expect(hasControlCharacter(line), argv.join(' ')).toBe(false);
  }
  // Nothing is lost in JSON.
  const [newest] = await desk.json<{ message: string }[]>(['log']);
  expect(newest!.message).toBe(text);
  const { stdout, stderr } = await desk.run(['cat', text]);
  for (const line of `${stdout}${stderr}`.split('\n')) expect(hasControlCharacter(line)).toBe(false);
  const failed = await desk.run(['cat', text, '--json']);
  for (const line of failed.stdout.split('\n')) expect(hasControlCharacter(line)).toBe(false);
});
