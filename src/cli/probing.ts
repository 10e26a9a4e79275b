import type { ObjectOf } from '../objects/kinds.ts';
import type { Profile } from '../rehearsal/profile.ts';
import type { Context } from './context.ts';

/** Runs a profile's probes with the commands of this command line, for what rehearses under that profile; `plan` is the control plan. */
export function probing(context: Context): (profile: Profile, plan?: string) => Promise<ObjectOf<'probes'>> {
  return async (profile, plan) => {
    const { runProbes } = await import('../workflows/probe.ts');
    const { signal, progress } = context;
    return runProbes(profile, {
      run: context.runCommand,
      env: context.io.env,
      signal,
      progress,
      ...(plan !== undefined && { plan }),
    });
  };
}
