/** Mounted files: noticed when they change, also when kubelet swaps the folder behind a symbolic link. */
import { statSync } from 'node:fs';

/** What changes with a file's content, also when it appears or goes. */
function signature(path: string): string {
  try {
    const { ino, size, mtimeMs } = statSync(path);
    return `${ino} ${size} ${mtimeMs}`;
  } catch {
    return 'absent';
  }
}

/**
 * Resolves with true when one of `paths` differs from what it was at the call, with false once `signal` is
 * aborted. Looks every `intervalMilliseconds`: file events do not cross a kubelet's links.
 */
export function filesChanged(
  paths: readonly string[],
  signal: AbortSignal,
  intervalMilliseconds = 1000,
): Promise<boolean> {
  const read = (): string => paths.map(signature).join('\n');
  const before = read();
  return new Promise((resolve) => {
    const finish = (changed: boolean): void => {
      clearInterval(timer);
      signal.removeEventListener('abort', stop);
      resolve(changed);
    };
    const stop = (): void => finish(false);
    const timer = setInterval(() => {
      if (read() !== before) finish(true);
    }, intervalMilliseconds);
    if (signal.aborted) finish(false);
    else signal.addEventListener('abort', stop, { once: true });
  });
}
