import { defineCommand } from '../command.ts';
import { printable } from '../text.ts';
import { value, word } from '../options.ts';

export const command = defineCommand({
  about:
    "Makes the database that a profile's surrogate script describes: the same bytes every time, with the digest that the\nprofile pins. It is generated data that has the shape of production's, and is never to be presented as more.",
  examples: [
    ['custody surrogate profiles/team --out surrogate.sqlite', 'what the plan of the profile works on'],
  ],
  options: (y) =>
    y
      .positional('profile', word('a profile, or the folder of its profile.yaml'))
      .option('out', { ...value('a new file'), default: 'surrogate.sqlite' }),
  async run(args, context) {
    const [{ openProfile }, { makeSurrogate }] = await Promise.all([
      import('../../rehearsal/plan/profile-folder.ts'),
      import('../../workflows/surrogate.ts'),
    ]);
    const profile = await openProfile(context.path(args.profile));
    const file = context.path(args.out);
    const sha256 = await makeSurrogate(profile, file, context.signal);
    const marker = profile.surrogate?.marker ?? '';
    context.print({ file, sha256, marker }, () =>
      [`made ${printable(file)}`, `  sha256  ${sha256}`, `  marker  ${printable(marker)}`, ''].join('\n'),
    );
    return 0;
  },
});
