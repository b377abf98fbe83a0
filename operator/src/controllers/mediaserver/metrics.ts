/**
 * Viewers and bytes of every path, as the operator's look at the servers last showed them: Prometheus gets at
 * them without the password that a media server wants for its own metrics.
 */

import type { PathState } from '@videopush/resources/builders/mediaserver';
import type { Metrics } from '../../runtime/metrics.ts';

export interface ServerName {
  namespace: string;
  name: string;
}

export class PathFigures {
  readonly #servers = new Map<string, { server: ServerName; paths: readonly PathState[] }>();

  set(serverUid: string, server: ServerName, paths: readonly PathState[]): void {
    this.#servers.set(serverUid, { server, paths });
  }

  forget(serverUid: string): void {
    this.#servers.delete(serverUid);
  }

  /** Another process looks at the servers from now on. */
  clear(): void {
    this.#servers.clear();
  }

  *values(): Generator<{ server: ServerName; path: PathState }> {
    for (const { server, paths } of this.#servers.values()) for (const path of paths) yield { server, path };
  }
}

const LABELS = ['namespace', 'mediaserver', 'path'] as const;

export function showFigures(metrics: Pick<Metrics, 'shown'>, figures: PathFigures): void {
  const show = (name: string, help: string, of: (path: PathState) => number): void =>
    metrics.shown(`videopush_mediaserver_path_${name}`, help, LABELS, function* () {
      for (const { server, path } of figures.values())
        yield [{ namespace: server.namespace, mediaserver: server.name, path: path.name }, of(path)];
    });
  show('readers', 'Viewers of a path.', ({ readers }) => readers);
  show(
    'online',
    'Whether somebody publishes to a path (1); what is shown in place of a publisher does not count.',
    ({ online }) => Number(online),
  );
  show(
    'received_bytes_total',
    'Bytes of a path that a media server got from its publisher, or made itself to fill the time without one.',
    ({ bytesReceived }) => bytesReceived,
  );
  show(
    'sent_bytes_total',
    'Bytes that a media server sent to viewers of a path.',
    ({ bytesSent }) => bytesSent,
  );
}
