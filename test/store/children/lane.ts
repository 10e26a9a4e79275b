import { putBlob, putObject } from '../../../src/objects/sink.ts';
import { FsBackend } from '../../../src/store/fs.ts';
import { readHead, swapHead } from '../../../src/store/heads.ts';
import { PackStore } from '../../../src/store/pack-store.ts';
import { sampleHead, sampleObject, utf8 } from '../objects.ts';

/** argv: folder, lane, how many times it writes a pack and moves the head by one. Prints each object's id. */
const [dir, lane, times] = process.argv.slice(2);
const backend = FsBackend.open(dir!);
const store = await PackStore.open(backend);
for (let i = 0; i < Number(times); i++) {
  await using writer = await store.writer();
  const ids = [
    putBlob(writer, utf8(`lane ${lane} writes ${i}`)).digest,
    putObject(writer, sampleObject(i)).digest,
  ];
  await writer.finish();
  await using lock = await backend.lock();
  const head = await readHead(backend);
  await swapHead(backend, lock, head, sampleHead((head?.head.size ?? 0) + 1));
  process.stdout.write(`${ids.join('\n')}\n`);
}
