import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ERROR_CATEGORIES } from '../../src/errors.ts';
import { FINDING_CODES, OBSERVED_CODES } from '../../src/finding.ts';
import { LOG_SHAPES } from '../../src/objects/shapes/log.ts';

const text = readFileSync(resolve(import.meta.dirname, '../../dist/validator.mjs'), 'utf8');

describe('the pinned validator', () => {
  it('is small enough to be read: below 150,000 bytes, and nothing is squeezed', () => {
    expect(Buffer.byteLength(text)).toBeLessThan(150_000);
    const lines = text.split('\n');
    expect(Buffer.byteLength(text) / lines.length).toBeLessThan(50);
  });

  it('holds no list of codes: a new code is no new validator', () => {
    const said = (code: string): boolean => new RegExp(`\\b${code}\\b`).test(text);
    expect(['SEAL_MISSING', 'RECORD_TIME_ODD', 'RERUN_DIFFERS'].filter(said)).toEqual([]);
    expect(['NODE_TOO_OLD', 'LOCK_TIMEOUT', 'LEDGER_EXISTS'].filter(said)).toEqual([]);
    expect(FINDING_CODES.filter(said).length).toBeLessThan(FINDING_CODES.length / 2);
    expect(Object.keys(ERROR_CATEGORIES).filter(said).length).toBeLessThan(
      Object.keys(ERROR_CATEGORIES).length / 2,
    );
    expect(OBSERVED_CODES.filter((code) => !said(code))).toEqual([]);
  });

  it('knows no kind that no check reads', () => {
    for (const kind of Object.keys(LOG_SHAPES)) expect(text).not.toContain(`oneOf("${kind}")`);
  });

  it('tells editors nothing', () => {
    expect(text).not.toContain('description:');
  });
});
