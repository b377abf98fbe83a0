/** What a MediaMTX is told, for whoever runs one or changes one that runs. */
export { buildMediaMtxConfig, pathConfig, type ServerPath, slateFor, type User } from './server-config.ts';
