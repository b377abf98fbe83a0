/** Where the live view goes: drawn in place on a terminal, JSON lines everywhere else. */

import { styleText } from 'node:util';
import { redactJson, redactJsonLine } from '@videopush/resources/redact';
import { createLogUpdate } from 'log-update';
import { withoutSecrets } from '../secrets.ts';
import { History, NO_PAST } from './history.ts';
import { statusLine } from './json.ts';
import type { Paint, Tone } from './layout.ts';
import type { Past, StreamState } from './state.ts';
import { terminalLines } from './terminal.ts';

export interface View {
  show(states: StreamState[]): void;
  /** A line that stays, above the view: `text` for people, `fields` for programs. */
  say(text: string, fields: Record<string, unknown>): void;
  /** Ends the drawing; what is said afterwards follows below. */
  done(): void;
}

const STYLES: Record<Tone, 'green' | 'yellow' | 'red'> = { good: 'green', warning: 'yellow', bad: 'red' };

/** Colours text on a terminal that supports it, unless NO_COLOR is set. */
const paint: Paint = (tone, text) => styleText(STYLES[tone], text, { stream: process.stdout });

/** Assumed size of a terminal that does not report one. */
const USUAL_SIZE = { columns: 80, rows: 24 };

/** Lines that stay are written again after a change of the window's size, as far as these. */
const KEPT_LINES = 50;

export class TerminalView implements View {
  readonly #draw = createLogUpdate(process.stdout);
  readonly #history = new History();
  readonly #said: string[] = [];
  #states: StreamState[] = [];
  #pasts: Past[] = [];
  readonly #redraw = (): void => this.#afterResize();

  constructor() {
    process.stdout.on('resize', this.#redraw);
  }

  show(states: StreamState[]): void {
    this.#states = states;
    this.#pasts = this.#history.add(states);
    this.#drawLines();
  }

  say(text: string, fields: Record<string, unknown>): void {
    this.#draw.clear();
    const line = toned(withoutSecrets(text), fields.level);
    this.#said.push(line);
    this.#said.splice(0, this.#said.length - KEPT_LINES);
    process.stdout.write(`${line}\n`);
  }

  done(): void {
    process.stdout.off('resize', this.#redraw);
    this.#draw.done();
  }

  #drawLines(): void {
    const { columns, rows } = this.#size();
    // The cursor stands in a line of its own below the view.
    this.#draw(
      terminalLines(this.#states, this.#pasts, { width: columns, height: rows - 1 }, paint).join('\n'),
    );
  }

  #size(): { columns: number; rows: number } {
    const { columns, rows } = process.stdout;
    return { columns: columns || USUAL_SIZE.columns, rows: rows || USUAL_SIZE.rows };
  }

  /**
   * A terminal folds, cuts or brings back what is on it in its own way, so nobody knows where the
   * view is now: the window is emptied line by line (so that it does not move into the scrollback),
   * and what stays is written again.
   */
  #afterResize(): void {
    const { rows } = this.#size();
    this.#draw.done();
    process.stdout.write(`\x1b[H${'\x1b[2K\n'.repeat(rows - 1)}\x1b[2K\x1b[H`);
    if (this.#said.length > 0) process.stdout.write(`${this.#said.join('\n')}\n`);
    if (this.#states.length > 0) this.#drawLines();
  }
}

/** Warnings and errors of the log, by pino's levels, in their colour. */
function toned(text: string, level: unknown): string {
  if (typeof level !== 'number' || level < 40) return text;
  return paint(level < 50 ? 'warning' : 'bad', text);
}

/** One status line per stream and second. */
export class JsonView implements View {
  readonly #history = new History();
  #lastSecond = -1;

  show(states: StreamState[]): void {
    const second = Math.floor(states[0]?.elapsed ?? 0);
    if (second === this.#lastSecond) return;
    this.#lastSecond = second;
    const pasts = this.#history.add(states);
    for (const [index, state] of states.entries()) {
      process.stdout.write(
        `${redactJsonLine(statusLine(state, pasts[index] ?? NO_PAST, new Date()), withoutSecrets)}\n`,
      );
    }
  }

  say(_text: string, fields: Record<string, unknown>): void {
    const line = redactJson({ ...fields, time: new Date().toISOString() }, withoutSecrets);
    process.stdout.write(`${JSON.stringify(line)}\n`);
  }

  done(): void {}
}

export function makeView(json: boolean | undefined): View {
  return json || !process.stdout.isTTY ? new JsonView() : new TerminalView();
}
