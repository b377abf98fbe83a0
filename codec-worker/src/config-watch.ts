/** A configuration that changes while a role runs with an earlier content of the same file. */
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { NativeErrorShape } from '@videopush/native';
import { parseWorkerConfig, type WorkerConfig } from '@videopush/resources/worker-config';
import { errorShape, WorkerError } from './errors.ts';
import { filesChanged } from './file-changes.ts';

/** @throws WorkerError (ConfigUnreadable), WorkerConfigError (ConfigInvalid) */
export function readWorkerConfig(file: string): WorkerConfig {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new WorkerError('ConfigUnreadable', `${file} cannot be read: ${(error as Error).message}`, {
      permanent: true,
      action: 'provide the file',
    });
  }
  return parseWorkerConfig(text);
}

export interface ConfigWatchOptions {
  file: string;
  /** What the role was started with. */
  running: WorkerConfig;
  signal: AbortSignal;
  /** The file holds another usable configuration; called once, nothing is watched afterwards. */
  onChange: () => void;
  /** The file holds nothing usable, while the role goes on with what it has; null: it does again. */
  onFault: (fault: NativeErrorShape | null) => void;
  /** Time between two polls of the file, default 1000. */
  intervalMilliseconds?: number;
}

/**
 * Until the content changes in meaning, or `signal` is aborted. Another order of the fields, or a default
 * that is written out, is no change.
 */
export async function watchConfig(options: ConfigWatchOptions): Promise<void> {
  const { file, running, signal, onChange, onFault, intervalMilliseconds } = options;
  let faulty = false;
  do {
    try {
      const found = readWorkerConfig(file);
      if (faulty) onFault(null);
      faulty = false;
      if (!isDeepStrictEqual(found, running)) {
        onChange();
        return;
      }
    } catch (error) {
      faulty = true;
      onFault(unusable(errorShape(error)));
    }
  } while (await filesChanged([file], signal, intervalMilliseconds));
}

/** Nothing that runs is stopped by it, so it is not permanent for the role. */
function unusable({ code, message, action }: NativeErrorShape): NativeErrorShape {
  return { code, message: `the new configuration is not used: ${message}`, action, permanent: false };
}
