/** Which outputs have ever worked: a connection that its server ends at once, again and again, has not. */
import type { NativeErrorShape, OutputSnapshot } from '@videopush/native';

/**
 * A connection that lasts this long was accepted, in seconds: a server that refuses
 * after the handshake is faster.
 */
const HELD_SECONDS = 5;

/** This many connections, none of them held, are no longer a bad start. */
const REFUSED_CONNECTIONS = 3;

/** What is remembered of one output; times in seconds since the start of the stream. */
interface Memory {
  /** time of the first connection ever; undefined before it */
  firstConnect?: number;
  connects: number;
  /** since when the present connection is up; undefined while there is none */
  since?: number | undefined;
  held: boolean;
  error: NativeErrorShape | null;
}

export class ConnectionHistory {
  readonly #memories = new Map<string, Memory>();

  /** Takes in what a poll at `elapsed` seconds found. */
  notice(outputs: readonly OutputSnapshot[], elapsed: number): void {
    for (const { name, phase, connects, error } of outputs) {
      const memory = this.#memories.get(name) ?? { connects: 0, held: false, error: null };
      this.#memories.set(name, memory);
      memory.error = error ?? memory.error;
      if (connects > 0) memory.firstConnect ??= elapsed;
      if (phase !== 'Connected') memory.since = undefined;
      else if (memory.since === undefined || memory.connects !== connects) memory.since = elapsed;
      else memory.held ||= elapsed - memory.since >= HELD_SECONDS;
      memory.connects = connects;
    }
  }

  /** Seconds for which the output has had its chance without holding a connection; 0 once it has held one. */
  tried(name: string, elapsed: number): number {
    const memory = this.#memories.get(name);
    return memory?.held ? 0 : elapsed - (memory?.firstConnect ?? 0);
  }

  /** The error of an output whose connections the server has all ended at once; null for every other. */
  refusal(name: string): NativeErrorShape | null {
    const memory = this.#memories.get(name);
    return memory && !memory.held && memory.connects >= REFUSED_CONNECTIONS ? memory.error : null;
  }
}
