import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import type { Clone, Session } from '../../src/engines/engine.ts';
import { digestOf } from '../../src/objects/digest.ts';
import { damageFile, type CloneAt, type Saboteur } from './harness.ts';
import { accepted, caught, drill, sabotaged, useStage, type Sabotage } from './scene.ts';

vi.mock(import('../../src/engines/sqlite/process/sandbox.ts'), async (load) =>
  (await import('./system.ts')).sandbox(load),
);

const stage = useStage();

const linked =
  (how: (to: string, file: string) => void, to: 'source' | 'image') =>
  (at: CloneAt): void => {
    rmSync(at.file);
    how(at[to], at.file);
  };
const LINKS: [name: string, link: (at: CloneAt) => void][] = [
  ['a symbolic link to the source', linked(symlinkSync, 'source')],
  ['a hard link to the source', linked(linkSync, 'source')],
  ['a symbolic link to the image', linked(symlinkSync, 'image')],
  [
    'a hard link that somebody else has too',
    ({ file }): void => {
      linkSync(file, `${file}.too`);
    },
  ],
];

describe('a clone that is', () => {
  const refusedWith = async (saboteur: Saboteur): Promise<void> => {
    const scene = stage.setApart();
    const error = await sabotaged(scene, saboteur);
    expect(error.code).toBe('ENGINE_FAILED');
    expect(error.path).toMatch(/clone\.db$/);
    // Nothing got through the link.
    expect(digestOf(readFileSync(scene.file('source.db')))).toBe(digestOf(readFileSync(stage.template)));
  };

  it.each(LINKS)('%s, before it is captured', async (_, link) => {
    await refusedWith({
      on: 'T',
      clone: (real, at) => ({ capture: async (sink) => (link(at), real.capture(sink)) }),
    });
  });

  it.each(LINKS.slice(0, 2))('%s, before a session is opened', async (_, link) => {
    await refusedWith({ on: 'T', clone: (real, at) => ({ open: async () => (link(at), real.open()) }) });
  });

  it('a symbolic link to the source, after it was put back: kept, and never captured', async () => {
    const scene = stage.setApart();
    const { found, rehearsed } = await drill(scene, {
      on: 'R',
      clone: (real, at) => ({
        reset: async () => {
          await real.reset();
          linked(symlinkSync, 'source')(at);
        },
      }),
    });
    expect(rehearsed.legs[1]).toMatchObject({ leg: 'R', back: null, quarantined: true });
    expect(found).toEqual(
      expect.arrayContaining([
        'CLONE_QUARANTINED legs/R/clone',
        'ISOLATION_UNPROVEN isolation/clone-not-linked-to-source',
        'ROLLBACK_UNCOMPARED legs/R/back',
      ]),
    );
    expect(digestOf(readFileSync(scene.file('source.db')))).toBe(digestOf(readFileSync(stage.template)));
  });
});

describe('a source that', () => {
  const written = (source: string, n: number): void => {
    const fd = openSync(source, 'r+');
    // The change counter of the header.
    writeSync(fd, Uint8Array.of(n), 0, 1, 27);
    closeSync(fd);
  };

  it('is written to while it is copied', async () => {
    let n = 100;
    let timer: NodeJS.Immediate | undefined;
    const error = await sabotaged(stage.setApart(), {
      prepare: async (prepare, { file }) => {
        const write = (): void => {
          written(file, n++ % 200);
          timer = setImmediate(write);
        };
        write();
        try {
          return await prepare();
        } finally {
          clearImmediate(timer);
        }
      },
    });
    expect(error.code).toBe('SOURCE_CHANGED');
  });

  it('is written to after it was copied, before it is kept', async () => {
    const error = await sabotaged(stage.setApart(), {
      workspace: (real, { source }) => ({
        storeSource: async (sink) => {
          damageFile(source, `UPDATE issues SET open = 0`);
          return real.storeSource(sink);
        },
      }),
    });
    expect(error.code).toBe('SOURCE_CHANGED');
  });

  const LATE: Sabotage[] = [
    {
      name: 'is written to while the before-state is captured',
      apart: true,
      saboteur: () => ({
        on: 'before',
        clone: (real, { source }) => ({
          capture: async (sink) => {
            damageFile(source, `INSERT INTO issues (text) VALUES ('new')`);
            return real.capture(sink);
          },
        }),
      }),
      caught: ['ISOLATION_UNPROVEN isolation/source-unchanged'],
    },
    {
      name: 'is written to between the copy and the end',
      apart: true,
      saboteur: () => ({
        on: 'R',
        session: (real, { source }) => ({
          commit: async () => {
            damageFile(source, `DELETE FROM issues`);
            await real.commit();
          },
        }),
      }),
      caught: ['ISOLATION_UNPROVEN isolation/source-unchanged'],
    },
    {
      name: 'is swapped for another file',
      apart: true,
      saboteur: () => ({
        on: 'T',
        session: (real, { source }) => ({
          begin: async () => {
            renameSync(source, `${source}.old`);
            damageFile(source, 'CREATE TABLE other (a)');
            await real.begin();
          },
        }),
      }),
      caught: ['ISOLATION_UNPROVEN isolation/source-unchanged'],
    },
  ];

  it.each(LATE)('$name', async (sabotage) => {
    await caught(stage, sabotage);
  });

  it('nobody touches is accepted, and is what it was', async () => {
    const { rehearsed } = await accepted(stage);
    expect(Buffer.from(rehearsed.source.sha256).toString('hex')).toBe(digestOf(readFileSync(stage.template)));
  });
});

describe('an image that', () => {
  const corrupt = (image: string): void => damageFile(image, `DELETE FROM issues WHERE id = 2`);

  it('is changed on disk between the legs ends the rehearsal: there is nothing left to restore from', async () => {
    const error = await sabotaged(stage.setApart(), {
      on: 'T',
      clone: (real, { image }) => ({ identical: async () => (corrupt(image), real.identical()) }),
    });
    expect(error.code).toBe('ENGINE_FAILED');
  });

  const SABOTAGES: Sabotage[] = [
    {
      name: 'is changed on disk after the change was committed, before it is put back',
      apart: true,
      saboteur: () => ({
        on: 'R',
        clone: (real, { image }) => ({ reset: async () => (corrupt(image), real.reset()) }),
      }),
      caught: ['ROLLBACK_NOT_EXACT legs/R/back/issues', 'ISOLATION_UNPROVEN isolation/image-unchanged'],
    },
    {
      name: 'is not what is restored for leg T: rows differ from the captured before-state',
      saboteur: () => ({
        on: 'T',
        clone: (real, { damage, captures }) => ({
          capture: async (sink) => {
            if (captures.length === 0) damage('DELETE FROM issues WHERE id = 2');
            return real.capture(sink);
          },
        }),
      }),
      caught: ['BEFORE_DIVERGED legs/T/start', 'BEFORE_DIVERGED legs/T/trigger'],
    },
  ];

  it.each(SABOTAGES)('$name', async (sabotage) => {
    await caught(stage, sabotage);
  });
});

describe('somebody else who has the clone open', () => {
  it('is seen', async () => {
    const held = async (real: Clone, file: string): Promise<Session> => {
      await using _ = await holding(file);
      return await real.open();
    };
    const { found, hits } = await drill(stage.setApart(), {
      on: 'T',
      clone: (real, { file }) => ({ open: () => held(real, file) }),
    });
    expect(hits).toBe(1);
    expect(found).toEqual(['ISOLATION_UNPROVEN isolation/clone-not-seen-open']);
  });
});

/** A process that has a file open. */
async function holding(file: string): Promise<AsyncDisposable> {
  const code = `const fd = require('fs').openSync(process.argv[1]); console.log(fd); setInterval(() => {}, 1000)`;
  const child = spawn(process.execPath, ['-e', code, file], { stdio: ['ignore', 'pipe', 'ignore'] });
  await once(child.stdout, 'data');
  return {
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await once(child, 'close');
    },
  };
}
