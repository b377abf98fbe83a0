/** What the live view knows of a stream: its present state and two earlier ones. */
import type { DecodeSnapshot, EncodeSnapshot } from '@videopush/native';

/** One moment of one stream: what the two processes said last, undefined while they do not answer. */
export interface StreamState {
  name: string;
  source: string;
  /** seconds since the command started it */
  elapsed: number;
  /** seconds since the first frame was sent, 0 before */
  sinceFirst: number;
  /** seconds after the first frame sent at which the command ends it; undefined: the source decides */
  limit: number | undefined;
  /** media seconds of the source, undefined when unknown or endless */
  duration: number | undefined;
  /** it has ended, with everything sent */
  complete: boolean;
  decoder: DecodeSnapshot | undefined;
  encoder: EncodeSnapshot | undefined;
  restarts: { decoder: number; encoder: number };
  /** readers at the local media server, undefined when nobody counts them */
  viewers: number | undefined;
}

/** Earlier states of one stream; undefined as long as there is none. */
export interface Past {
  /** about 2 s ago */
  rates: StreamState | undefined;
  /** about 10 s ago; undefined stands for the start */
  recent: StreamState | undefined;
}
