import { describe, expect, it } from 'vitest';
import { reportError } from '../../src/cli/report-error.ts';
import { CustodyError } from '../../src/errors.ts';
import { undo } from '../../src/system/undo.ts';

describe('an error after which clearing up failed, too', () => {
  const failed = (): Promise<unknown> =>
    undo(new CustodyError('PLAN_INVALID', 'the plan is wrong'), () => {
      throw Object.assign(new Error('busy'), { code: 'EBUSY', syscall: 'rm', path: '/scratch' });
    });

  it.each([false, true])('is what it was before (json: %s), and what is left is told', async (json) => {
    const [out, err]: [string[], string[]] = [[], []];
    const exit = reportError(
      await failed(),
      {
        stdout: { write: (data) => out.push(String(data)) },
        stderr: { write: (data) => err.push(data) },
        env: {},
        cwd: '/',
        signal: new AbortController().signal,
      },
      json,
    );
    expect(exit).toBe(2);
    expect((json ? out : err).join('')).toContain('PLAN_INVALID');
    expect(err.join('')).toContain('[IO_FAILED]');
  });

  it('is passed on alone where nothing more failed', async () => {
    const error = new CustodyError('PLAN_INVALID', 'the plan is wrong');
    expect(await undo(error, () => undefined)).toBe(error);
  });
});
