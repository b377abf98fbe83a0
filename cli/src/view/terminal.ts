/**
 * The live view: rows for each stream that are drawn again in place, as many as the terminal has room for.
 * Pure.
 */
import { plural } from '../summary.ts';
import { NO_PAST, RECENT_SECONDS } from './history.ts';
import { columns, fold, type Paint, type Part, type Row, sentence, shorten, type Tone } from './layout.ts';
import type { Past, StreamState } from './state.ts';
import { type OutputFigures, outputFigures, progressOf } from './stats.ts';

const LONGEST_BAR = 32;
const SHORTEST_BAR = 8;

/** What of a name stays where a stream has one line. */
const NAME_COLUMNS = 20;

/** From so much on it is shown that a stream has fallen behind. */
const BEHIND_SECONDS = 1;

/** The largest slew of a schedule (native/src/pacing/source_clock.h). */
const SLEWED_PPM = 500;

const clock = (seconds: number): string => {
  const whole = Math.floor(seconds);
  const pad = (n: number) => String(n).padStart(2, '0');
  const hours = Math.floor(whole / 3600);
  return `${hours ? `${hours}:` : ''}${pad(Math.floor(whole / 60) % 60)}:${pad(whole % 60)}`;
};

const ms = (seconds: number | undefined): string =>
  seconds === undefined ? '–' : `${(seconds * 1e3).toFixed(1)} ms`;
const signedMs = (seconds: number): string =>
  `${seconds < 0 ? '−' : '+'}${Math.abs(seconds * 1e3).toFixed(1)} ms`;
const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(0)}`;
const bits = (rate: number): string =>
  rate >= 1e6 ? `${(rate / 1e6).toFixed(2)} Mb/s` : `${(rate / 1e3).toFixed(0)} kb/s`;

const PHASE_TONES: Record<string, Tone> = { Connected: 'good', Waiting: 'bad', Failed: 'bad' };

const phaseOf = ({ phase }: OutputFigures): Part => ({ text: phase.toLowerCase(), tone: PHASE_TONES[phase] });

/** A count that is zero in health. */
const count = (name: string, value: number, tone: Tone): Part => ({
  text: `${name} ${value}`,
  tone: value > 0 ? tone : undefined,
});

const losses = (o: OutputFigures): Part[] => [
  count('late', o.late, 'warning'),
  count('dropped', o.dropped, 'bad'),
  count('failed', o.failed, 'bad'),
];

function progress(state: StreamState, width: number): Row {
  const { done, total } = progressOf(state);
  if (total === undefined) return { label: '  ', parts: [{ text: clock(state.elapsed) }] };
  const part = done / total;
  const figures = `${Math.floor(part * 100)} %   ${clock(done)} / ${clock(total)}`;
  const length = Math.min(LONGEST_BAR, width - columns(figures) - 3);
  const filled = Math.round(part * length);
  const bar = length < SHORTEST_BAR ? '' : `${'█'.repeat(filled)}${'░'.repeat(length - filled)} `;
  return { label: '  ', parts: [{ text: `${bar}${figures}` }] };
}

/** A decoder that waits for the push is what health looks like. */
const decoderPhase = (phase: string): string => (phase === 'Blocked' ? 'ahead' : phase.toLowerCase());

/** How the source keeps its time: corrected timestamps, and the speed of a live source's clock. */
function sourceTime({ decoder, encoder }: StreamState): Part[] {
  const { forward, backward, outlier } = decoder?.discontinuities ?? { forward: 0, backward: 0, outlier: 0 };
  const count = forward + backward + outlier;
  const ppm = encoder?.outputs.find(({ sourceClockPpm }) => sourceClockPpm !== null)?.sourceClockPpm ?? null;
  const corrected: Part[] =
    count > 0 ? [{ text: `${plural(count, 'timestamp')} corrected`, tone: 'warning' }] : [];
  if (ppm === null) return corrected;
  const off = Math.abs(ppm) > SLEWED_PPM;
  const text = off ? `clock at ${(100 + ppm / 1e4).toFixed(1)} %` : `clock ${signed(ppm)} ppm`;
  return [...corrected, { text, tone: off ? 'warning' : undefined }];
}

function sourceRow(state: StreamState): Row {
  const { decoder } = state;
  const label = '  source   ';
  if (!decoder) return { label, parts: [{ text: 'starting' }] };
  const phase = { text: decoderPhase(decoder.phase) };
  if (decoder.error) return sentence(label, `${phase.text}: ${decoder.error.message}`, 'bad');
  const video = decoder.descriptor?.video;
  if (!video) return { label, parts: [phase, ...sourceTime(state)] };
  const order = video.reorderFrames ? [{ text: `B-frame delay ${video.reorderFrames}` }] : [];
  const picture = `${video.codec} ${video.width}x${video.height} ${video.frameRate ?? '?'} fps`;
  return { label, parts: [{ text: picture }, ...order, phase, ...sourceTime(state)] };
}

function queueRow(state: StreamState): Row {
  const label = '  queue    ';
  const queue = state.encoder?.queue ?? state.decoder?.queue;
  if (!queue) return { label, parts: [{ text: '–' }] };
  const restarts = state.restarts.decoder + state.restarts.encoder;
  const parts: Part[] = [
    { text: `${queue.depth} of ${queue.capacity} waiting` },
    { text: `${Math.max(0, queue.unacked - queue.depth)} being encoded and sent` },
  ];
  return {
    label,
    parts: restarts ? [...parts, { text: plural(restarts, 'restart'), tone: 'warning' }] : parts,
  };
}

/** By how much the stream has fallen behind the clock, rebases included. */
const behind = (totalLead: number): Part[] =>
  totalLead > -BEHIND_SECONDS
    ? []
    : [{ text: `${(-totalLead).toFixed(1)} s behind since the start`, tone: 'warning' }];

function outputRows(o: OutputFigures, viewers: number | undefined): Row[] {
  const watching = viewers === undefined ? [] : [{ text: plural(viewers, 'viewer') }];
  const before = o.files.slice(0, -1);
  const others: Part[] = before.length > 0 ? [{ text: `after ${before.join(', ')}` }] : [];
  return [
    { label: '  ', parts: [{ text: o.files.at(-1) ?? o.url }, ...others, phaseOf(o), ...watching] },
    {
      label: '    sent   ',
      parts: [
        { text: `${o.sent} frames` },
        { text: `${o.framesPerSecond.toFixed(1)} fps` },
        { text: bits(o.bitsPerSecond) },
      ],
    },
    {
      label: '    pacing ',
      parts: [
        { text: `lateness p50 ${ms(o.recentLatenessP50)}` },
        { text: `p99 ${ms(o.recentLatenessP99)} (last ${RECENT_SECONDS} s)` },
        { text: `p99 ${ms(o.latenessP99)} (since the start)` },
        { text: `send lead ${signedMs(o.sendLead)}` },
        { text: `lead ${signedMs(o.lead)}` },
        ...behind(o.totalLead),
      ],
    },
    {
      label: '    ledger ',
      parts: [...losses(o), { text: `repeated ${o.repeated}` }, { text: `reconnects ${o.reconnects}` }],
    },
    ...(o.error ? [sentence('    ', o.error, 'bad')] : []),
  ];
}

/** Everything about a stream. */
const allRows = (state: StreamState, outputs: OutputFigures[], width: number): Row[] => [
  { label: '', parts: [{ text: state.name }, { text: state.source }] },
  progress(state, width),
  sourceRow(state),
  queueRow(state),
  ...outputs.flatMap((o) => outputRows(o, state.viewers)),
];

const shortProgress = (state: StreamState): string => {
  const { done, total } = progressOf(state);
  return total === undefined ? clock(state.elapsed) : `${Math.floor((done / total) * 100)} %`;
};

/** The first thing that is wrong with a stream. */
const faultOf = (state: StreamState, outputs: OutputFigures[]): string | undefined =>
  state.decoder?.error?.message ?? outputs.find(({ error }) => error)?.error;

const figures = (o: OutputFigures): Part[] => [
  phaseOf(o),
  { text: `${o.framesPerSecond.toFixed(1)} fps` },
  { text: `p99 ${ms(o.recentLatenessP99)}` },
  ...losses(o),
];

/** What a low terminal has room for. */
function fewRows(state: StreamState, outputs: OutputFigures[]): Row[] {
  const fault = faultOf(state, outputs);
  return [
    { label: '', parts: [{ text: state.name }, { text: shortProgress(state) }] },
    ...outputs.map((o): Row => ({ label: '  ', parts: figures(o) })),
    ...(fault ? [{ label: '  ', parts: [{ text: fault, tone: 'bad' as const }] }] : []),
  ];
}

/** One line: what is wrong comes first. */
function oneLine(state: StreamState, outputs: OutputFigures[], width: number, paint: Paint): string {
  const fault = faultOf(state, outputs);
  const wrong = outputs.flatMap(losses).filter(({ tone }) => tone);
  const parts: Part[] = [
    { text: shorten(state.name, NAME_COLUMNS) },
    ...(fault ? [{ text: fault, tone: 'bad' as const }] : wrong),
    { text: shortProgress(state) },
    ...outputs.flatMap((o) => figures(o).slice(0, 3)),
  ];
  return fold({ label: '', parts }, width, paint)[0] ?? '';
}

/** The lines for all streams, each at most `width` columns wide and together at most `height`. */
export function terminalLines(
  states: readonly StreamState[],
  pasts: readonly Past[],
  size: { width: number; height: number },
  paint: Paint,
): string[] {
  const { width, height } = size;
  const streams = states.map((state, index) => ({
    state,
    outputs: outputFigures(state, pasts[index] ?? NO_PAST),
  }));
  const lay = (rows: Row[]): string[] => rows.flatMap((row) => fold(row, width, paint));
  const whole = streams.flatMap(({ state, outputs }) => [...lay(allRows(state, outputs, width)), '']);
  if (whole.length <= height) return whole;
  const short = streams.flatMap(({ state, outputs }) => lay(fewRows(state, outputs)));
  if (short.length <= height) return short;
  const isSick = ({ state, outputs }: (typeof streams)[number]) => faultOf(state, outputs) !== undefined;
  const sickFirst = [...streams.filter(isSick), ...streams.filter((stream) => !isSick(stream))];
  const room = streams.length <= height ? height : height - 1;
  const lines = sickFirst.slice(0, room).map(({ state, outputs }) => oneLine(state, outputs, width, paint));
  const hidden = streams.length - lines.length;
  const hint = `… and ${plural(hidden, 'more stream')}: enlarge the window`;
  return hidden > 0 ? [...lines, shorten(hint, width)] : lines;
}
