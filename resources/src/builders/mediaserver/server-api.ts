/** What the operator and the command ask of the API of a running media server, of whichever kind. */
import type { User } from '../credentials.ts';
import type { ServerPath } from './context.ts';

/** Where a server's API is, and as whom it is asked. */
export interface ApiPlace {
  /** Address of its pod, or of this machine. */
  host: string;
  /** Default: the one on which servers of its kind listen. */
  port?: number;
  /** Default: nobody, which a server accepts on its own machine only. */
  account?: User;
}

/** One path that the server has now. */
export interface PathState {
  name: string;
  /** It stands in the configuration under its own name: somebody may publish to paths that do not */
  named: boolean;
  /** Somebody publishes to it; the slate of an always available path does not count */
  online: boolean;
  readers: number;
  /** Since the path was made; the slate of an always available path counts as received */
  bytesReceived: number;
  bytesSent: number;
}

/** Each call rejects with a ServerApiError, or with the signal's reason when that was aborted. */
export interface ServerApi {
  list(place: ApiPlace, signal: AbortSignal): Promise<PathState[]>;
  /** Adds a path. One that exists already, as after a reload of the file, is no error. */
  add(place: ApiPlace, path: ServerPath, signal: AbortSignal): Promise<void>;
  /** Removes a path and cuts its publisher and its readers. One that does not exist is no error. */
  remove(place: ApiPlace, name: string, signal: AbortSignal): Promise<void>;
}

/** What the API answered, or why it did not. Its message carries no credentials. */
export class ServerApiError extends Error {
  override readonly name = 'ServerApiError';
}
