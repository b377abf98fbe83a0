/** Where the live view goes: drawn in place on a terminal, JSON lines everywhere else. */
import { redactJson, redactJsonLine } from '@videopush/resources/redact';
import { createLogUpdate } from 'log-update';
import { shown } from '../shown.ts';
import { statusLine } from './json.ts';
import type { StreamState } from './stats.ts';
import { terminalLines } from './terminal.ts';

export interface View {
  show(states: StreamState[]): void;
  /** A line that stays, above the view: `text` for people, `fields` for programs. */
  say(text: string, fields: Record<string, unknown>): void;
  /** Ends the drawing; what is said afterwards follows below. */
  done(): void;
}

/** Rates are taken over about this long. */
const RATE_SECONDS = 2;

/** Remembers states, so that rates have something to be taken against. */
class History {
  #states: StreamState[][] = [];

  add(states: StreamState[]): (StreamState | undefined)[] {
    this.#states.push(states);
    const newest = states[0]?.elapsed ?? 0;
    while (this.#states.length > 2 && newest - (this.#states[1]?.[0]?.elapsed ?? 0) >= RATE_SECONDS)
      this.#states.shift();
    const oldest = this.#states[0] ?? [];
    return states.map((_, index) => (this.#states.length > 1 ? oldest[index] : undefined));
  }
}

export class TerminalView implements View {
  readonly #draw = createLogUpdate(process.stdout);
  readonly #history = new History();

  show(states: StreamState[]): void {
    const before = this.#history.add(states);
    const width = process.stdout.columns || 80;
    this.#draw(
      states.flatMap((state, index) => [...terminalLines(state, before[index], width), '']).join('\n'),
    );
  }

  say(text: string): void {
    this.#draw.clear();
    process.stdout.write(`${shown(text)}\n`);
  }

  done(): void {
    this.#draw.done();
  }
}

/** One status line per stream and second. */
export class JsonView implements View {
  readonly #history = new History();
  #lastSecond = -1;

  show(states: StreamState[]): void {
    const second = Math.floor(states[0]?.elapsed ?? 0);
    if (second === this.#lastSecond) return;
    this.#lastSecond = second;
    const before = this.#history.add(states);
    for (const [index, state] of states.entries()) {
      process.stdout.write(`${redactJsonLine(statusLine(state, before[index], new Date()), shown)}\n`);
    }
  }

  say(_text: string, fields: Record<string, unknown>): void {
    const line = redactJson({ ...fields, time: new Date().toISOString() }, shown);
    process.stdout.write(`${JSON.stringify(line)}\n`);
  }

  done(): void {}
}

export function makeView(json: boolean | undefined): View {
  return json || !process.stdout.isTTY ? new JsonView() : new TerminalView();
}
