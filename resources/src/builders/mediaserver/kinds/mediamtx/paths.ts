/** The named paths of a MediaServer, from the streams that publish to it. Pure. */
import type { VideoPush } from '../../../../schema/video-push.generated.ts';
import { outputPath } from '../../../endpoints.ts';
import { codecOf } from '../../../picture.ts';
import { type ServerPath, type SlateCodec, slateFor } from './server-config.ts';

/**
 * One for every output that names the server, sorted; those of suspended streams stay, so that
 * readers do. Streams that share a path with different codecs get no slate there: a slate of one
 * codec would end the other's publisher.
 */
export function serverPaths(serverName: string, pushes: readonly VideoPush[]): ServerPath[] {
  const codecs = new Map<string, Set<SlateCodec | undefined>>();
  for (const push of pushes) {
    const slate = slateFor(codecOf(push.spec) ?? '')?.codec;
    for (const output of push.spec.outputs) {
      if (output.serverRef?.name !== serverName) continue;
      const path = outputPath(push, output);
      codecs.set(path, (codecs.get(path) ?? new Set()).add(slate));
    }
  }
  return [...codecs]
    .sort(([a], [b]) => (a < b ? -1 : Number(a > b)))
    .map(([name, slates]): ServerPath => {
      const [codec] = slates;
      return slates.size === 1 && codec !== undefined ? { name, slate: { codec } } : { name };
    });
}
