/** A MediaServer into every object that runs it. Pure: the same input gives the same JSON. */
import { checkServerType } from '../endpoints.ts';
import type { ServerContext, ServerObjects } from './context.ts';
import { buildConfigMap, serverConfig } from './kinds/mediamtx/config.ts';
import { buildDeployment } from './kinds/mediamtx/deployment.ts';
import { buildSecrets } from './secrets.ts';
import { buildApiService, buildService } from './services.ts';

export type { ServerContext, ServerObjects } from './context.ts';
export { serverPaths } from './kinds/mediamtx/paths.ts';
export {
  apiServiceName,
  type Endpoint,
  type ObservedPlace,
  serverApiHost,
  serverEndpoints,
  serverHost,
  serviceName,
} from './places.ts';
export { publishSecret } from './secrets.ts';

/**
 * null for a server that runs elsewhere.
 * @throws ManifestError naming the field, for types that cannot be run too
 */
export function buildMediaServer(context: ServerContext): ServerObjects | null {
  const { server } = context;
  checkServerType(server);
  if (server.spec.type === 'External') return null;
  const config = serverConfig(context);
  return {
    secrets: buildSecrets(context),
    config: buildConfigMap(context, config),
    deployment: buildDeployment(context, config),
    service: buildService(context),
    apiService: buildApiService(context),
  };
}
