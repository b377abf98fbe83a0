/** What the builders of a MediaServer take from MediaMTX. Pure. */
import type { PublishProtocol } from '../../../protocols.ts';
import type { ServerContext, ServerObjects } from '../../context.ts';
import { buildConfigMap, serverConfig } from './config-map.ts';
import { buildDeployment } from './deployment.ts';
import { INNER_PORTS, publicPorts } from './ports.ts';
import { slateFor } from './server-config.ts';

/** How streams may be published to it. */
const PUBLISHING: readonly PublishProtocol[] = ['RTSP', 'RTMP', 'SRT'];

/** @throws ManifestError */
function buildWorkload(context: ServerContext): Pick<ServerObjects, 'config' | 'deployment'> {
  const config = serverConfig(context);
  return { config: buildConfigMap(context, config), deployment: buildDeployment(context, config) };
}

export const MEDIAMTX = {
  publishing: PUBLISHING,
  innerPorts: INNER_PORTS,
  publicPorts,
  slateFor,
  buildWorkload,
};
