/**
 * The container images that tests in a cluster run: made from this checkout, or
 * taken from the cache outside it.
 */
import { cachedImages } from '../../scripts/images/offline/image-cache.mjs';

export interface TestImages {
  /** Names with their tags, as a pod's spec wants them. */
  operator: string;
  worker: string;
  mediaMtx: string;
  nats: string;
  busybox: string;
  /** One docker-archive for each image. */
  archives: string[];
  /** The archive of each. */
  files: Record<'operator' | 'worker' | 'mediaMtx' | 'nats' | 'busybox', string>;
}

export interface TestImagesOptions {
  onLine?: (line: string) => void;
  signal?: AbortSignal;
}

/**
 * Takes about a second when nothing has changed since an earlier call on this machine, half a minute when
 * only TypeScript has, and up to five minutes the first time.
 * @throws SetupError when Docker, root or one of the set-up's programs is missing
 */
export async function testImages({
  onLine = () => {},
  signal = new AbortController().signal,
}: TestImagesOptions = {}): Promise<TestImages> {
  const { operator, worker, mediaMtx, nats, busybox } = await cachedImages({ signal, onLine });
  const files = {
    operator: operator.archive,
    worker: worker.archive,
    mediaMtx: mediaMtx.archive,
    nats: nats.archive,
    busybox: busybox.archive,
  };
  return {
    operator: operator.name,
    worker: worker.name,
    mediaMtx: mediaMtx.name,
    nats: nats.name,
    busybox: busybox.name,
    archives: Object.values(files),
    files,
  };
}
