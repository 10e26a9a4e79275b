import { describeBackend } from './conformance.ts';
import { fsHarness, memoryHarness } from './harness.ts';

describeBackend('memory', () => memoryHarness());
describeBackend('memory, as a remote store would be: without synchronous reads', () =>
  memoryHarness({ syncReads: false }),
);
describeBackend('fs', fsHarness);
