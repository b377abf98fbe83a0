/** The named paths of a MediaServer, from the streams that publish to it. Pure. */
import type { MediaServer } from '../../schema/media-server.generated.ts';
import type { VideoPush } from '../../schema/video-push.generated.ts';
import { outputPath } from '../endpoints.ts';
import { codecOf } from '../picture.ts';
import type { ServerPath } from './context.ts';
import { kindOf } from './kinds/index.ts';

/**
 * One for every output that names the server, sorted; those of suspended streams stay, so that
 * readers do. Streams that share a path with different codecs get no slate there: a slate of one
 * codec would end the other's publisher.
 */
export function serverPaths(server: MediaServer, pushes: readonly VideoPush[]): ServerPath[] {
  const codecs = new Map<string, Set<string>>();
  for (const push of pushes) {
    for (const output of push.spec.outputs) {
      if (output.serverRef?.name !== server.metadata.name) continue;
      const path = outputPath(push, output);
      codecs.set(path, (codecs.get(path) ?? new Set()).add(codecOf(push.spec) ?? ''));
    }
  }
  return [...codecs]
    .sort(([a], [b]) => (a < b ? -1 : Number(a > b)))
    .map(([name, [codec = '', ...others]]): ServerPath => {
      const slate = others.length === 0 ? kindOf(server)?.slateFor(codec) : undefined;
      return slate ? { name, slate } : { name };
    });
}
