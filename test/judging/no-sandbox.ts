import type * as Sandbox from '../../src/judging/sandbox.ts';

let granted = true;

/** Until it is disposed of, the system grants no sandbox to validators. */
export function withoutSandboxes(): Disposable {
  granted = false;
  return { [Symbol.dispose]: () => void (granted = true) };
}

/** For `vi.mock`: the sandboxes, on a system that may not grant any. */
export async function sandboxes(load: () => Promise<typeof Sandbox>): Promise<typeof Sandbox> {
  const real = await load();
  return {
    ...real,
    grantedSandbox: async (...given) => (granted ? real.grantedSandbox(...given) : undefined),
  };
}
