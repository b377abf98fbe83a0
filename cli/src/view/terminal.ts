/** The live view: a few lines per stream that are drawn again in place. Pure but for `width`. */
import { outputFigures, progressOf, type StreamState } from './stats.ts';

const BAR = 32;

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
const bits = (rate: number): string =>
  rate >= 1e6 ? `${(rate / 1e6).toFixed(2)} Mb/s` : `${(rate / 1e3).toFixed(0)} kb/s`;

function progress(state: StreamState): string {
  const { done, total } = progressOf(state);
  if (total === undefined) return `  ${clock(state.elapsed)}`;
  const part = done / total;
  const filled = Math.round(part * BAR);
  return `  ${'█'.repeat(filled)}${'░'.repeat(BAR - filled)} ${Math.floor(part * 100)} %   ${clock(done)} / ${clock(total)}`;
}

function sourceLine(state: StreamState): string {
  const { decoder } = state;
  if (!decoder) return '  source   starting';
  if (decoder.error) return `  source   ${decoder.phase.toLowerCase()}: ${decoder.error.message}`;
  const video = decoder.descriptor?.video;
  if (!video) return `  source   ${decoder.phase.toLowerCase()}`;
  const order = video.reorderFrames ? `, B-frame delay ${video.reorderFrames}` : '';
  return `  source   ${video.codec} ${video.width}x${video.height} ${video.frameRate ?? '?'} fps${order}   ${decoder.phase.toLowerCase()}`;
}

function queueLine(state: StreamState): string {
  const queue = state.encoder?.queue ?? state.decoder?.queue;
  if (!queue) return '  queue    –';
  const restarts = state.restarts.decoder + state.restarts.encoder;
  return `  queue    ${queue.depth} of ${queue.capacity}, ${queue.unacked} not acknowledged${restarts ? `   ${restarts} restarts` : ''}`;
}

/** The lines of one stream, none longer than `width` columns. */
export function terminalLines(state: StreamState, before: StreamState | undefined, width: number): string[] {
  const outputs = outputFigures(state, before).flatMap((o) => [
    `  ${o.url}   ${o.phase.toLowerCase()}${state.viewers === undefined ? '' : `   ${state.viewers} viewers`}`,
    `    sent   ${o.sent} frames   ${o.framesPerSecond.toFixed(1)} fps   ${bits(o.bitsPerSecond)}`,
    `    pacing lateness p50 ${ms(o.latenessP50)}, p99 ${ms(o.latenessP99)}   send lead ${signedMs(o.sendLead)}   lead ${signedMs(o.lead)}`,
    `    ledger late ${o.late}   dropped ${o.dropped}   failed ${o.failed}   repeated ${o.repeated}   reconnects ${o.reconnects}`,
    ...(o.error ? [`    ${o.error}`] : []),
  ]);
  const lines = [
    `${state.name}   ${state.source}`,
    progress(state),
    sourceLine(state),
    queueLine(state),
    ...outputs,
  ];
  return lines.map((line) =>
    [...line].length > width ? `${[...line].slice(0, width - 1).join('')}…` : line,
  );
}
