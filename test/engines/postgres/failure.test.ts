import { expect, it } from 'vitest';
import { isServerError, translated } from '../../../src/engines/postgres/failure.ts';

it.each([
  ['42601', {}, true],
  ['P0001', {}, true],
  // Five capitals like a SQLSTATE, and yet the system's word for a connection that is gone.
  ['EPIPE', { syscall: 'write' }, false],
  ['ECONNRESET', { syscall: 'read' }, false],
])('%s: whose is it?', async (code, more, servers) => {
  const error = Object.assign(new Error('x'), { code, ...more });
  expect(isServerError(error)).toBe(servers);
  if (!servers) await expect(translated('load', () => Promise.reject(error))).rejects.toBe(error);
});
