/// <reference types="node" preserve="true" />
/// <reference lib="esnext.disposable" preserve="true" />
/** mpegCoder's push API on VideoPush: the same names, in TypeScript. */
export { type DecoderParameters, MpegDecoder } from './decoder.ts';
export { readme, setGlobal } from './global.ts';
export type { ConfigDict, RateTuple, ServerSettings } from './parameters.ts';
export { RgbFrames } from './rgb-frames.ts';
export { MpegServer, type ServerParameters } from './server.ts';
