import { expect, it, vi } from 'vitest';
import { isAbandoned, isRunning } from '../../src/system/process-identity.ts';
import { ENDED } from '../support/killed.ts';
import { lacking } from '../support/lacking.ts';

const lack = lacking('Linux');

it.skipIf(lack)(`a process that /proc hides, and a signal finds, is not gone${lack}`, () => {
  expect([isRunning(ENDED), isAbandoned(ENDED, Date.now())]).toEqual([false, true]);
  using kill = vi.spyOn(process, 'kill').mockReturnValue(true);
  expect([isRunning(ENDED), isAbandoned(ENDED, Date.now())]).toEqual([undefined, false]);
  kill.mockImplementation(() => {
    throw Object.assign(new Error('another user’s'), { code: 'EPERM' });
  });
  expect(isRunning(ENDED)).toBeUndefined();
});
