/// <reference types="node" preserve="true" />
/// <reference lib="esnext.disposable" preserve="true" />
/** @videopush/native: decoding, encoding, pacing and publishing on native threads, behind a typed API. */
export { NativeError } from './errors.ts';
export { Frame, type FrameLike, type Plane } from './frame.ts';
export { buildInfo, type LogLine, redact, resolveEncoder, setLogLevel } from './log.ts';
export { FramePusher, type PushOptions, type PushTiming } from './pusher.ts';
export { FrameReader, type PushedFrames, type ReadOptions } from './reader.ts';
export * from './rings/index.ts';
export { DecodeSession, EncodeSession, observeRing } from './sessions.ts';
export { probe, splitUserInfo } from './source.ts';
export type * from './types.ts';
