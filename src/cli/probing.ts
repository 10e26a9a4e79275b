import type { Probing } from '../workflows/rehearse.ts';
import type { Context } from './context.ts';

/** Runs a profile's probes with the commands of this command line, for what rehearses under that profile. */
export function probing(context: Context): Probing {
  return async (profile, plan) => {
    const { runProbes } = await import('./probes.ts');
    const { signal, progress } = context;
    return runProbes(profile, {
      run: context.runCommand,
      env: context.io.env,
      signal,
      progress,
      plan,
    });
  };
}
