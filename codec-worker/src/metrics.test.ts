import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decoderFamilies, encoderFamilies } from './metrics.ts';
import { MetricsPage } from './metrics-render.ts';
import { decodeSnapshot, encodeSnapshot, outputSnapshot } from './testing/snapshots.ts';

const build = { version: '0.1.0', ffmpeg: '7.1', license: 'GPL version 2 or later' };

async function decoderPage(
  snapshot: ReturnType<typeof decodeSnapshot> | null = decodeSnapshot(),
): Promise<string> {
  return await new MetricsPage('default/film', decoderFamilies, () => ({ build, snapshot }))
    .render()
    .then(({ text }) => text);
}

async function encoderPage(
  snapshot: ReturnType<typeof encodeSnapshot> | null = encodeSnapshot(),
): Promise<string> {
  const view = { build, outputs: ['main', 'backup'], snapshot };
  return await new MetricsPage('default/film', encoderFamilies, () => view).render().then(({ text }) => text);
}

/** Series of one family as `labels -> value`, without the stream label. */
function series(page: string, name: string): Record<string, number> {
  const lines = page.split('\n').filter((line) => line.startsWith(`${name}{`));
  return Object.fromEntries(
    lines.map((line) => {
      const [, labels = '', value] = /\{(.*)\} (\S+)$/.exec(line) ?? [];
      const own = labels.split(/,(?=[a-z_]+=)/).filter((label) => label !== 'stream="default/film"');
      expect(own.length, line).toBe(labels.split(/,(?=[a-z_]+=)/).length - 1);
      return [own.sort().join(' '), Number(value)];
    }),
  );
}

/** name -> type, as the page declares them. */
function types(page: string): Record<string, string> {
  return Object.fromEntries(
    [...page.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name, type]),
  );
}

it('the worker serves every metric of the manual by name and type, and none beside', async () => {
  expect({ ...types(await decoderPage()), ...types(await encoderPage()) }).toEqual({
    videopush_build_info: 'gauge',
    videopush_decode_duration_seconds: 'histogram',
    videopush_encode_duration_seconds: 'histogram',
    videopush_frames_dropped_total: 'counter',
    videopush_frames_duplicated_total: 'counter',
    videopush_frames_failed_total: 'counter',
    videopush_frames_late_total: 'counter',
    videopush_frames_repeated_total: 'counter',
    videopush_frames_total: 'counter',
    videopush_keyframes_sent_total: 'counter',
    videopush_latency_seconds: 'histogram',
    videopush_pacing_interval_error_seconds: 'histogram',
    videopush_pacing_interval_seconds_total: 'counter',
    videopush_pacing_interval_squared_seconds_total: 'counter',
    videopush_pacing_jitter_seconds: 'gauge',
    videopush_pacing_lateness_seconds: 'histogram',
    videopush_pacing_lead_seconds: 'gauge',
    videopush_pacing_rebase_seconds_total: 'counter',
    videopush_pacing_rebases_total: 'counter',
    videopush_pacing_send_lead_seconds: 'gauge',
    videopush_pacing_total_lead_seconds: 'gauge',
    videopush_pacing_wait_seconds_total: 'counter',
    videopush_queue_blocked_seconds_total: 'counter',
    videopush_queue_capacity_frames: 'gauge',
    videopush_queue_depth_frames: 'gauge',
    videopush_queue_residence_seconds: 'histogram',
    videopush_queue_unacked_frames: 'gauge',
    videopush_resumes_total: 'counter',
    videopush_sent_bytes_total: 'counter',
    videopush_sink_backlog_bytes: 'gauge',
    videopush_sink_connected: 'gauge',
    videopush_sink_outage_seconds_total: 'counter',
    videopush_sink_reconnects_total: 'counter',
    videopush_sink_renewals_total: 'counter',
    videopush_sink_write_duration_seconds: 'histogram',
    videopush_source_clock_ppm: 'gauge',
    videopush_source_discontinuities_total: 'counter',
    videopush_wait_ref_seconds: 'gauge',
  });
});

it('every metric is explained, and every series carries the stream', async () => {
  for (const page of [await decoderPage(), await encoderPage()]) {
    const helps = [...page.matchAll(/^# HELP \S+ (.*)$/gm)].map(([, help = '']) => help);
    expect(helps.length).toBe(Object.keys(types(page)).length);
    expect(helps.filter((help) => !/^[A-Z0-9].{10,}\.$/.test(help))).toEqual([]);
    const samples = page.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    expect(samples.length).toBeGreaterThan(10);
    expect(samples.filter((line) => !line.includes('stream="default/film"'))).toEqual([]);
  }
});

describe('values and labels', () => {
  const cases: [string, () => Promise<string>, string, Record<string, number>][] = [
    [
      'the number of frames of the decoder',
      decoderPage,
      'videopush_frames_total',
      { 'stage="demuxed"': 120, 'stage="decoded"': 115, 'stage="enqueued"': 110 },
    ],
    [
      'the number of frames of the encoder',
      encoderPage,
      'videopush_frames_total',
      { 'stage="dequeued"': 100, 'stage="encoded"': 95, 'output="main" stage="sent"': 90 },
    ],
    [
      'the number of drops before the queue',
      decoderPage,
      'videopush_frames_dropped_total',
      { 'reason="queue_full"': 2, 'reason="decode_error"': 1 },
    ],
    [
      'the number of drops after the queue',
      encoderPage,
      'videopush_frames_dropped_total',
      {
        'output="main" reason="late"': 3,
        'output="main" reason="network"': 4,
        'output="main" reason="backlog"': 0,
      },
    ],
    [
      'the number of failures',
      encoderPage,
      'videopush_frames_failed_total',
      { 'output="main" reason="encode"': 5, 'output="main" reason="output"': 6 },
    ],
    ['the number of repeats', encoderPage, 'videopush_frames_repeated_total', { 'output="main"': 1 }],
    [
      'the number of bytes sent',
      encoderPage,
      'videopush_sent_bytes_total',
      { 'media="video" output="main"': 123_456 },
    ],
    [
      'the number of rebases',
      encoderPage,
      'videopush_pacing_rebases_total',
      {
        'output="main" reason="stall"': 1,
        'output="main" reason="resume"': 2,
        'output="main" reason="discontinuity"': 3,
        'output="main" reason="source_clock"': 4,
      },
    ],
    [
      'the number of corrected timestamps',
      decoderPage,
      'videopush_source_discontinuities_total',
      { 'reason="forward"': 3, 'reason="backward"': 2, 'reason="outlier"': 1 },
    ],
    [
      "the speed of a live source's clock",
      encoderPage,
      'videopush_source_clock_ppm',
      { 'output="main"': 12.5 },
    ],
    [
      'the number of reconnects',
      encoderPage,
      'videopush_sink_reconnects_total',
      {
        'output="main" protocol="rtsp" reason="refused"': 1,
        'output="main" protocol="rtsp" reason="timeout"': 2,
        'output="main" protocol="rtsp" reason="reset"': 3,
        'output="main" protocol="rtsp" reason="protocol"': 4,
      },
    ],
    [
      'the number of connections that were renewed by plan',
      encoderPage,
      'videopush_sink_renewals_total',
      { 'output="main" protocol="rtsp"': 1 },
    ],
    [
      'whether an output is connected',
      encoderPage,
      'videopush_sink_connected',
      { 'output="main" protocol="rtsp"': 1 },
    ],
    ['half of the lead', encoderPage, 'videopush_wait_ref_seconds', { 'output="main"': 0.25 }],
    ['the send lead, signed', encoderPage, 'videopush_pacing_send_lead_seconds', { 'output="main"': -0.01 }],
    [
      'the lead since the start',
      encoderPage,
      'videopush_pacing_total_lead_seconds',
      { 'output="main"': -0.5 },
    ],
    ['the depth of the queue', decoderPage, 'videopush_queue_depth_frames', { '': 5 }],
    [
      'the time of back-pressure',
      decoderPage,
      'videopush_queue_blocked_seconds_total',
      { 'side="producer"': 1.25 },
    ],
    [
      'the time of starvation',
      encoderPage,
      'videopush_queue_blocked_seconds_total',
      { 'side="consumer"': 2.5 },
    ],
    ['the number of resumes', encoderPage, 'videopush_resumes_total', { 'cursor="exact" role="encoder"': 1 }],
    [
      'the build',
      decoderPage,
      'videopush_build_info',
      { 'ffmpeg="7.1" libav_license="GPL version 2 or later" version="0.1.0"': 1 },
    ],
  ];
  it.each(cases)('a metrics page shows %s with its labels', async (_, page, name, expected) => {
    expect(series(await page(), name)).toEqual(expected);
  });

  it('the buckets of a histogram are cumulative and end with the count', async () => {
    const page = await encoderPage();
    const name = 'videopush_pacing_lateness_seconds';
    expect(series(page, `${name}_bucket`)).toEqual({
      'le="0.002" output="main"': 1,
      'le="0.004" output="main"': 2,
      'le="5" output="main"': 2,
      'le="+Inf" output="main"': 3,
    });
    expect(series(page, `${name}_sum`)).toEqual({ 'output="main"': 10.004 });
    expect(series(page, `${name}_count`)).toEqual({ 'output="main"': 3 });
  });

  it('the bounds of a bucket are written as they are meant, without the noise of a division', async () => {
    const lateness = { bounds: [66_700_000 / 1e9 + 1e-17], buckets: [0, 0], sum: 0, count: 0 };
    const page = await encoderPage(encodeSnapshot({ outputs: [outputSnapshot({ lateness })] }));
    expect(Object.keys(series(page, 'videopush_pacing_lateness_seconds_bucket'))[0]).toBe(
      'le="0.0667" output="main"',
    );
  });

  it('the wait reference is 0 when the lead is negative', async () => {
    const page = await encoderPage(encodeSnapshot({ outputs: [outputSnapshot({ leadSeconds: -2 })] }));
    expect(series(page, 'videopush_wait_ref_seconds')).toEqual({ 'output="main"': 0 });
  });
});

it('before its first session an encoder reports its build, and each configured output as not connected', async () => {
  const page = await encoderPage(null);
  expect(series(page, 'videopush_sink_connected')).toEqual({ 'output="main"': 0, 'output="backup"': 0 });
  const names = page.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  expect(new Set(names.map((line) => line.replace(/\{.*/, '')))).toEqual(
    new Set(['videopush_build_info', 'videopush_sink_connected']),
  );
});

it('an output that never connected counts as not connected, and its refusals are no reconnects', async () => {
  const reconnects = { refused: 0, timeout: 0, reset: 0, protocol: 0 };
  const output = outputSnapshot({ phase: 'Connecting', connects: 0, reconnects });
  const page = await encoderPage(encodeSnapshot({ outputs: [output] }));
  expect(Object.values(series(page, 'videopush_sink_connected'))).toEqual([0]);
  expect(Object.values(series(page, 'videopush_sink_reconnects_total'))).toEqual([0, 0, 0, 0]);
});

it('a source whose clock has no estimate has no series for it', async () => {
  const page = await encoderPage(encodeSnapshot({ outputs: [outputSnapshot({ sourceClockPpm: null })] }));
  expect(series(page, 'videopush_source_clock_ppm')).toEqual({});
});

it('a metrics page is rendered from one snapshot', async () => {
  let taken = 0;
  const page = new MetricsPage('default/film', decoderFamilies, () => {
    taken += 1;
    return { build, snapshot: decodeSnapshot() };
  });
  await page.render();
  expect(taken).toBe(1);
});

it('no metric carries a URL', () => {
  const source = readFileSync(new URL('./metrics.ts', import.meta.url), 'utf8');
  expect(source).not.toMatch(/\.url\b/);
});
