/** The configuration of a MediaMTX, for programs that start one or change a running one. */
export { buildMediaMtxConfig, pathConfig, type ServerPath, slateFor, type User } from './server-config.ts';
