/** What the controllers of this operator have beside what the manager gives to every controller. */
import type { Defaults } from '@videopush/resources/builders/defaults';
import type { OperatorContext } from '../../runtime/controller-spec.ts';
import type { Metrics } from '../../runtime/metrics.ts';
import type { FetchPage } from '../workers/worker-poller.ts';
import type { DeleteStream } from './jetstream.ts';
import type { ServerPaths } from './server-paths.ts';

/** One for the whole process. */
export interface Shared {
  readonly defaults: Defaults;
  /** The operator's key, read once or made: a write, so only while this process leads. */
  readonly key: (signal: AbortSignal) => Promise<Buffer>;
  readonly paths: ServerPaths;
  readonly metrics: Pick<Metrics, 'shown'>;
  readonly fetchPage: FetchPage;
  readonly deleteStream: DeleteStream;
}

export type ControlContext = OperatorContext & Shared;
