/**
 * Streams that run on this machine, from their start to their closing summary:
 * watched, shown, stopped, judged.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type LiveStream, POLL_SECONDS, StreamMonitor, type StreamResult } from './stream-monitor.ts';
import type { View } from './view/view.ts';

/** Says once that the sound of a source is not pushed. */
function sayWithoutSound(view: View): (one: StreamMonitor) => void {
  const said = new Set<StreamMonitor>();
  return (one) => {
    const tracks = one.descriptor?.audio ?? [];
    if (tracks.length === 0 || said.has(one)) return;
    said.add(one);
    const codecs = tracks.map(({ codec }) => codec);
    view.say(`${one.live.name}: the source's sound (${codecs.join(', ')}) is not pushed, only its picture`, {
      type: 'notice',
      code: 'AudioDropped',
      stream: one.live.name,
      message: "the source's sound is not pushed, only its picture",
      codecs,
    });
  };
}

/** Says where Prometheus finds the figures of a stream, on this machine only. */
function sayMetrics({ name, stream }: LiveStream, view: View): void {
  const [decoder, encoder] = [`${stream.decoder.url}/metrics`, `${stream.encoder.url}/metrics`];
  view.say(`${name}: metrics at ${decoder} (decoder) and ${encoder} (encoder)`, {
    type: 'metrics',
    stream: name,
    decoder,
    encoder,
  });
}

/**
 * Shows the streams until all have ended: by themselves, each `seconds` after its first frame was
 * sent, because `stop` is aborted, or because one failed for good (`push`: its only one). The
 * streams are closed before it returns.
 */
export async function follow(
  streams: LiveStream[],
  view: View,
  options: { seconds: number | undefined; stop: AbortSignal },
): Promise<StreamResult[]> {
  const monitors = streams.map((stream) => new StreamMonitor(stream, options.seconds));
  const sayOf = sayWithoutSound(view);
  for (const stream of streams) sayMetrics(stream, view);
  try {
    while (monitors.some(({ end }) => !end)) {
      const running = monitors.filter(({ end }) => !end);
      await Promise.all(running.map((one) => one.poll()));
      running.forEach(sayOf);
      view.show(monitors.map((one) => one.state()));
      for (const one of running) if (options.stop.aborted || one.left <= 0 || one.failure) one.stop();
      await pause(running, options.stop);
    }
    for (const one of monitors) one.settle();
    view.show(monitors.map((one) => one.state()));
    return monitors.map((one) => one.result());
  } finally {
    await Promise.all(streams.map(({ stream }) => stream.close()));
  }
}

/** Waits until the next poll: at most 0.5 s, less when a stream's time is over or all have ended before. */
async function pause(running: readonly StreamMonitor[], stop: AbortSignal): Promise<void> {
  const left = running.filter(({ stopped }) => !stopped).map((one) => Math.max(0, one.left));
  const waking = new AbortController();
  const signal = stop.aborted ? waking.signal : AbortSignal.any([waking.signal, stop]);
  const time = delay(Math.min(POLL_SECONDS, ...left) * 1000, undefined, { signal }).catch(() => undefined);
  await Promise.race([time, Promise.all(running.map(({ live }) => live.stream.ended))]);
  waking.abort();
}
