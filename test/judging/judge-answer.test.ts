import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/objects/digest.ts';
import { FOREIGN_ANSWER, OWN_ANSWER, parseAnswer, parseStrictJson } from '../../src/judging/judge-answer.ts';
import { interpreterOf } from '../../src/judging/interpreter-line.ts';
import { scriptBytes } from './foreign-validators.ts';
import { refusedWith, refuses } from '../support/refusals.ts';

const SUBJECT = digestOf(new Uint8Array(0));
const OTHER = digestOf(new Uint8Array(1));
const FOUND = { code: 'LEG_MISSING', path: 'legs', detail: 'd' };

describe('the answer of a foreign validator', () => {
  it.each([
    ['a yes', { accepted: true }, { accepted: true, findings: [] }],
    [
      'a yes with all fields',
      { subject: SUBJECT, accepted: true, findings: [] },
      { accepted: true, findings: [] },
    ],
    [
      'a no with a code of ours',
      { accepted: false, findings: [FOUND] },
      { accepted: false, findings: [FOUND] },
    ],
    [
      'a no with a code of its own',
      { accepted: false, findings: [{ code: 'NOT_RESTORED', path: 'entries/0', detail: 'd' }] },
      {
        accepted: false,
        findings: [{ code: 'VALIDATOR_REJECTED', path: 'entries/0', detail: 'NOT_RESTORED: d' }],
      },
    ],
    [
      'a no with a code of the prototype',
      { accepted: false, findings: [{ ...FOUND, code: 'constructor' }] },
      { accepted: false, findings: [{ ...FOUND, code: 'VALIDATOR_REJECTED', detail: 'constructor: d' }] },
    ],
  ])('%s is read', (_what, answer, expected) => {
    expect(parseAnswer(JSON.stringify(answer), SUBJECT, FOREIGN_ANSWER)).toEqual(expected);
    expect(parseAnswer(`\n ${JSON.stringify(answer, null, 2)}\n`, SUBJECT, FOREIGN_ANSWER)).toEqual(expected);
  });

  it.each(['{"accepted": false}', '{"accepted": false, "findings": []}'])(
    'a no without a reason gets one: %s',
    (answer) => {
      const { accepted, findings } = parseAnswer(answer, SUBJECT, FOREIGN_ANSWER);
      expect(accepted).toBe(false);
      expect(findings.map(({ code }) => code)).toEqual(['VALIDATOR_REJECTED']);
    },
  );

  it.each([
    ['nothing', ''],
    ['garbage', 'PASS'],
    ['half a document', '{"accepted": true'],
    ['two documents', '{"accepted": true}{"accepted": true}'],
    ['two lines of JSON', '{"accepted": true}\n{"accepted": true}\n'],
    ['a byte order mark', '\ufeff{"accepted": true}'],
    ['a list', '[{"accepted": true}]'],
    ['null', 'null'],
    ['text', '"accepted"'],
    ['no verdict', '{"findings": []}'],
    ['a verdict as text', '{"accepted": "true"}'],
    ['a verdict as a number', '{"accepted": 1}'],
    ['no verdict at all', '{"accepted": null}'],
    ['a field more', '{"accepted": true, "confidence": 1}'],
    ['a field named __proto__', '{"__proto__": {"accepted": true}, "accepted": true}'],
    ['another subject', JSON.stringify({ subject: OTHER, accepted: true })],
    ['a subject that is null', '{"subject": null, "accepted": true}'],
    ['a yes with findings', JSON.stringify({ accepted: true, findings: [FOUND] })],
    ['findings that are null', '{"accepted": false, "findings": null}'],
    ['findings that are a map', '{"accepted": false, "findings": {}}'],
    ['a finding that is text', '{"accepted": false, "findings": ["LEG_MISSING"]}'],
    ['a finding without a path', '{"accepted": false, "findings": [{"code": "A", "detail": "d"}]}'],
    ['a finding with a number', JSON.stringify({ accepted: false, findings: [{ ...FOUND, path: 1 }] })],
    ['a finding with a field more', JSON.stringify({ accepted: false, findings: [{ ...FOUND, line: 1 }] })],
    ['half a character', '{"accepted": false, "findings": [{"code": "A", "path": "\\ud800", "detail": ""}]}'],
    ['a verdict twice', '{"accepted": false, "accepted": true}'],
    ['a verdict twice, spelt otherwise', '{"accepted": false, "\\u0061ccepted": true}'],
    [
      'a key of a finding twice',
      '{"accepted": false, "findings": [{"code": "A", "path": "x", "detail": "d", "path": "y"}]}',
    ],
    ['too many findings', JSON.stringify({ accepted: false, findings: Array(1_001).fill(FOUND) })],
    ['too much', JSON.stringify({ accepted: false, findings: [{ ...FOUND, detail: 'x'.repeat(300_000) }] })],
  ])('%s is none', (_what, answer) => {
    expect(refusedWith(() => parseAnswer(answer, SUBJECT, FOREIGN_ANSWER))).toBe('VALIDATOR_FAILED');
  });
});

describe('the answer of our own validator', () => {
  const own = (answer: unknown): object =>
    parseAnswer(typeof answer === 'string' ? answer : JSON.stringify(answer), SUBJECT, OWN_ANSWER);
  const YES = { subject: SUBJECT, accepted: true, findings: [] };

  it('is read, with findings as long as it may have them', () => {
    const long = { ...FOUND, path: '\u0001'.repeat(300), detail: '\u0001'.repeat(300) };
    expect(own(YES)).toEqual({ accepted: true, findings: [] });
    const many = Array.from({ length: 500 }, () => long);
    expect(own({ ...YES, accepted: false, findings: many })).toEqual({ accepted: false, findings: many });
  });

  it.each([
    ['no subject', { accepted: true, findings: [] }],
    ['no findings', { subject: SUBJECT, accepted: true }],
    ['a no without a reason', { ...YES, accepted: false }],
    ['a field more', { ...YES, confidence: 1 }],
    ['a finding with a field more', { ...YES, accepted: false, findings: [{ ...FOUND, line: 1 }] }],
    ['a code that we do not have', { ...YES, accepted: false, findings: [{ ...FOUND, code: 'NOT_OURS' }] }],
    ['a verdict twice', `{"accepted":false,${JSON.stringify(YES).slice(1)}`],
  ])('%s is none', (_what, answer) => {
    refuses(() => own(answer), 'VALIDATOR_FAILED');
  });
});

describe('strict JSON', () => {
  it('is JSON wherever no key is there twice', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        // What a parsed value is printed as has no key twice.
        const printed = JSON.stringify(JSON.parse(text));
        expect(parseStrictJson(printed)).toEqual(JSON.parse(printed));
      }),
    );
  });

  it.each([
    '{"a": 1, "a": 1}',
    '{"a":{"b":1},"c":[{"d":1,\n"d" : 2}]}',
    '{"a\\"": 1, "a\\u0022": 2}',
    '[{}, {"": 1, "":2}]',
    '{"a": {"a": 1}, "a": 2}',
  ])('refuses %s', (text) => {
    expect(() => parseStrictJson(text)).toThrow(SyntaxError);
  });

  it.each([
    '{"a": {"a": {"a": 1}}, "b": ["a", "a", {"a": "a"}]}',
    '{"a": "}, \\"a\\": {", "b": "\\\\"}',
    '[{"a": 1}, {"a": 1}, "a", ":"]',
  ])('takes %s', (text) => {
    expect(parseStrictJson(text)).toEqual(JSON.parse(text));
  });
});

describe('an interpreter line', () => {
  it.each([
    ['#!/bin/sh\n', { path: '/bin/sh' }],
    ['#! /usr/bin/env python3\n', { path: '/usr/bin/env', argument: 'python3' }],
    ['#!/usr/bin/env -S a  b \nx', { path: '/usr/bin/env', argument: '-S a  b' }],
    ['#!/bin/sh \t\n', { path: '/bin/sh' }],
  ])('%j is read as the kernel reads it', (text, expected) => {
    expect(interpreterOf(scriptBytes(text))).toEqual(expected);
  });

  it.each([
    '',
    '#!',
    '#!\n',
    '#!/bin/sh',
    '#!python3\n',
    '#!/bin/sh\r\n',
    '#!/bin/s\u0000h\n',
    ' #!/bin/sh\n',
    '\ufeff#!/bin/sh\n',
    `#!/${'x'.repeat(300)}\n`,
  ])('%j is none', (text) => {
    expect(interpreterOf(scriptBytes(text))).toBeUndefined();
  });
});
