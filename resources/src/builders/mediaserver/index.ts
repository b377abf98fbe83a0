/** A MediaServer into every object that runs it. Pure: the same input gives the same JSON. */
import { checkServerType } from '../endpoints.ts';
import type { ServerContext, ServerObjects } from './context.ts';
import { kindOf } from './kinds/index.ts';
import { buildSecrets } from './secrets.ts';
import { buildApiService, buildService } from './services.ts';

export {
  apiServiceName,
  type Endpoint,
  type ObservedPlace,
  serverApiHost,
  serverEndpoints,
  serverHost,
  serviceName,
} from './addresses.ts';
export type { ServerContext, ServerObjects, ServerPath } from './context.ts';
export { type KindName, kindName } from './kinds/index.ts';
export { serverPaths } from './paths.ts';
export { publishSecret } from './secrets.ts';
export type { ApiPlace, PathState, ServerApi } from './server-api.ts';

/**
 * null for a server that runs elsewhere.
 * @throws ManifestError naming the field, for types that cannot be run too
 */
export function buildMediaServer(context: ServerContext): ServerObjects | null {
  const { server } = context;
  checkServerType(server);
  const kind = kindOf(server);
  if (!kind) return null;
  return {
    secrets: buildSecrets(context),
    ...kind.buildWorkload(context),
    service: buildService(context, kind.publicPorts(server)),
    apiService: buildApiService(context, kind.innerPorts),
  };
}
