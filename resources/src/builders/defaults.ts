/** What an installation decides for all of its streams and servers. */

export interface Defaults {
  images: { worker: string; mediaMtx: string };
  imagePullPolicy: 'Always' | 'IfNotPresent' | 'Never';
  /** names of Secrets in the stream's namespace */
  imagePullSecrets: readonly string[];
  /**
   * nats://HOST:PORT of the JetStream that split streams use unless they name one; unset: they must name one
   */
  natsAddress?: string | undefined;
  clusterDomain: string;
  workerLogLevel: 'error' | 'warn' | 'info' | 'debug';
}

export const VERSION = '0.1.0';

/** The defaults of an installation by the chart, unless its values say otherwise. */
export const DEFAULTS: Defaults = {
  images: { worker: `videopush/worker:${VERSION}`, mediaMtx: 'bluenviron/mediamtx:1.21.0' },
  imagePullPolicy: 'IfNotPresent',
  imagePullSecrets: [],
  clusterDomain: 'cluster.local',
  workerLogLevel: 'info',
};
