/** The configuration of a MediaMTX, for programs that start one. */
export { hlsPage } from './ports.ts';
export { buildMediaMtxConfig } from './server-config.ts';
