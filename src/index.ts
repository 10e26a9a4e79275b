/** The library: what a long-lived lane or another tool uses instead of the command line. */
export { CustodyError, isCustodyError, type ErrorCode } from './errors.ts';
export type { Finding, FindingCode } from './finding.ts';
export { digestOf, parseDigest, type Digest } from './objects/digest.ts';
export { decodeObject, encodeObject, type AnyObject, type Kind, type ObjectOf } from './objects/kinds.ts';
export { Link } from './objects/link.ts';
export { Ledger, type AppendOptions, type AppendResult } from './ledger/ledger.ts';
export { commitFolder, type CommitOptions, type CommitResult } from './workflows/commit.ts';
export { diffOperands, type DiffResult } from './workflows/diff.ts';
export { fsckLedger, type FsckReport } from './workflows/fsck.ts';
export { firstPolicy } from './judging/policy.ts';
export { rehearsePlan, type RehearseOptions, type RehearseResult } from './workflows/rehearse.ts';
export { snapshotDatabase, type SnapshotResult } from './workflows/snapshot.ts';
export { verifyFolder, verifyRevision, type VerifyOptions } from './workflows/verify.ts';
export type { Level, LevelState, VerifyReport } from './workflows/verify-report.ts';
export { checkFolder } from './packets/seal/check.ts';
export { sealFolder } from './packets/seal/seal.ts';
