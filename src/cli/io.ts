/** Everything the command line may touch outside itself; tests give their own. */
export interface Io {
  readonly stdout: {
    write(data: string | Uint8Array): unknown;
    once?(event: 'drain' | 'close', listener: () => void): unknown;
    off?(event: 'drain' | 'close', listener: () => void): unknown;
    readonly destroyed?: boolean;
  };
  readonly stderr: { write(data: string): unknown; readonly isTTY?: boolean };
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly signal: AbortSignal;
}
