/** Earlier states of the streams, so that rates and recent figures have something to be taken against. */
import type { Past, StreamState } from './state.ts';

/** Rates are taken over about this long, in seconds. */
const RATE_SECONDS = 2;

/** What is called recent, in seconds. */
export const RECENT_SECONDS = 10;

export const NO_PAST: Past = { rates: undefined, recent: undefined };

export class History {
  #states: StreamState[][] = [];

  /** Takes in the present states; returns the past of each. */
  add(states: StreamState[]): Past[] {
    const now = states[0]?.elapsed ?? 0;
    const age = (past: StreamState[] | undefined): number => now - (past?.[0]?.elapsed ?? now);
    // One state that is too old stays: it is the one to compare with.
    while (age(this.#states[1]) >= RECENT_SECONDS) this.#states.shift();
    const oldest = this.#states[0];
    const recent = age(oldest) >= RECENT_SECONDS ? oldest : undefined;
    const rates = this.#states.findLast((past) => age(past) >= RATE_SECONDS) ?? oldest;
    this.#states.push(states);
    return states.map((_, index) => ({ rates: rates?.[index], recent: recent?.[index] }));
  }
}
