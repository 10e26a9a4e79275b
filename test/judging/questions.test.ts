import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Questions, SaidReader, type Answers, type Said } from '../../src/judging/questions.ts';
import { runValidator } from '../../src/judging/validator-process.ts';
import { closure } from '../../src/objects/closure.ts';
import { digestOf, digestToBytes, type Digest } from '../../src/objects/digest.ts';
import { nodeLink, rawLink, type Link } from '../../src/objects/link.ts';
import { MemoryObjects } from '../../src/objects/memory-objects.ts';
import { putBlob, putObject } from '../../src/objects/sink.ts';
import { driveSync } from '../../src/objects/walk.ts';
import { judge } from '../../src/validator/judge.ts';
import { HEADER, MAX_VERDICT, message } from '../../src/validator/protocol.ts';
import { CONTROLS } from '../../src/vectors/controls.ts';
import { controlOf } from '../../src/vectors/vectors.ts';
import { refuses } from '../support/refusals.ts';

const objects = new MemoryObjects();
const chunks = (...links: Link[]): Link =>
  putObject(objects, { kind: 'chunks', v: 1, level: 0, entries: links.map((link) => [link, 1]) });
const leaf = putBlob(objects, Buffer.from('leaf'));
const list = chunks(leaf);
const other = putBlob(objects, Buffer.from('other'));

/** What each of these is answered with, as the types of the messages. */
async function answers(subject: Link, ids: readonly Link[], get: Answers = objects.get): Promise<string> {
  const questions = new Questions(subject.digest, get);
  let types = '';
  for (const { digest } of ids) {
    const { answer } = await questions.answer(digest);
    types += answer.toString('latin1', 4, HEADER);
  }
  return types;
}

describe('what is answered', () => {
  it('is the subject, and what it links once it was given', async () => {
    expect(await answers(list, [leaf, list, leaf, leaf])).toBe('AOOO');
  });

  it('is nothing else, whatever there is', async () => {
    expect(await answers(list, [list, other])).toBe('OA');
  });

  it('is absent where it is not there', async () => {
    expect(await answers(list, [list], new MemoryObjects().get)).toBe('A');
  });

  it('is what raw bytes name only where they are an object elsewhere, in whatever order', async () => {
    const asBytes = rawLink(list.digest);
    expect(await answers(chunks(asBytes), [chunks(asBytes), list, leaf])).toBe('OOA');
    const inner = chunks(list);
    const mixed = chunks(asBytes, inner);
    expect(await answers(mixed, [mixed, list, leaf, inner, leaf])).toBe('OOAOO');
    expect(await answers(mixed, [mixed, inner, list, leaf])).toBe('OOOO');
  });

  it('counts once towards the time that it takes', async () => {
    const questions = new Questions(list.digest, objects.get);
    const { fresh } = await questions.answer(list.digest);
    expect(fresh).toBe(objects.get(list.digest).length);
    expect((await questions.answer(list.digest)).fresh).toBe(0);
    expect((await questions.answer(other.digest)).fresh).toBe(0);
  });
});

describe('what a validator says', () => {
  const question = (id: Digest): Buffer => message('question', digestToBytes(id));
  const read = (bytes: Uint8Array, pieces: number): Said[] => {
    const reader = new SaidReader();
    const said: Said[] = [];
    for (let at = 0; at < bytes.length; at += pieces)
      said.push(...reader.add(bytes.subarray(at, at + pieces)));
    expect(reader.cut).toBe(false);
    return said;
  };

  it.each([1, 5, 7, 1_000])('is read from pieces of %i bytes', (size) => {
    const verdict = Buffer.from('{}');
    const bytes = Buffer.concat([question(leaf.digest), question(list.digest), message('verdict', verdict)]);
    const said = read(bytes, size);
    expect(said.slice(0, 2)).toEqual([{ question: leaf.digest }, { question: list.digest }]);
    expect(said[2]).toMatchObject({ verdict });
  });

  it.each([
    ['text', Buffer.from('PASS\n')],
    ['a hello of its own', message('hello', Buffer.from('ask/1'))],
    ['a question of 31 bytes', message('question', Buffer.alloc(31))],
    ['a question of 33 bytes', message('question', Buffer.alloc(33))],
    ['the header of a verdict that is too long', Buffer.from([0, 0x80, 0, 1, 0x56])],
  ])('is not %s', (_, bytes) => {
    expect(MAX_VERDICT).toBe(0x800000);
    refuses(() => read(bytes, 1_000), 'VALIDATOR_FAILED');
  });
});

describe('a verdict depends on the subject alone', () => {
  const code = readFileSync(resolve(import.meta.dirname, '../../dist/validator.mjs'));

  it.each(CONTROLS)(
    '%s is judged alike where nothing else is, where much else is, and here',
    async (control) => {
      const { subject, objects: evidence } = controlOf(control);
      const alone = new MemoryObjects();
      for (const { link, bytes } of driveSync(closure([nodeLink(subject)]), evidence.get))
        alone.put(link.codec, link.digest, bytes);
      const asked = new Set<Digest>();
      const more: Answers = (id) => {
        asked.add(id);
        return [evidence, ...CONTROLS.map((one) => controlOf(one).objects)]
          .find((some) => some.has(id))!
          .get(id);
      };
      const { accepted, findings } = judge(subject, alone);
      for (const get of [alone.get, more])
        expect(await runValidator(code, subject, get)).toMatchObject({ accepted, findings });
      // And nothing is asked for that no check needs: most of the rows are in both states.
      expect(asked.size).toBeLessThan(alone.size);
      expect(asked.has(digestOf(evidence.get(subject)))).toBe(true);
    },
  );
});
