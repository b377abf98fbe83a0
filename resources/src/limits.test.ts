/** One limit holds everywhere: in the resources, for the command and WorkerConfig, and in the native core. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { repoRoot } from '../../scripts/paths.mjs';
import {
  ENCODER_DEVICES,
  ENCODER_OF_DEVICE,
  LIMITS,
  MAX_FRAME_RATE,
  MAX_PIXELS,
  PIXEL_FORMATS,
  QUEUE_BYTES,
  type Range,
  SPOOL_BYTES,
  VIDEO_TRACK,
} from './limits.ts';

interface Schema {
  description?: string;
  minimum?: number;
  maximum?: number;
  properties?: Record<string, Schema>;
  'x-kubernetes-validations'?: { rule: string; message: string }[];
}

const read = (path: string) => readFileSync(join(repoRoot, path), 'utf8');
const core = read('native/src/core/limits.h');
const definition = parse(read('crds/videopush.yaml')) as {
  spec: { versions: { schema: { openAPIV3Schema: Schema } }[] };
};

/** `kBitRate{10'000, 800'000'000}` of the core's header. */
function ofCore(name: string): Range {
  const constant = `k${name[0]?.toUpperCase()}${name.slice(1)}`;
  const [, least, most] = new RegExp(`Range ${constant}\\{([\\d']+), ([\\d']+)\\}`).exec(core) ?? [];
  return { least: Number(least?.replaceAll("'", '')), most: Number(most?.replaceAll("'", '')) };
}

/** The schema of a field such as spec.video.width. */
function ofResource(path: string): Schema {
  let schema = definition.spec.versions[0]?.schema.openAPIV3Schema as Schema;
  for (const step of path.split('.')) schema = schema.properties?.[step] as Schema;
  return schema;
}

/** The fields of a VideoPush that each range bounds, and how many of its units one of the field's is. */
const FIELDS: Record<keyof typeof LIMITS, [path: string, unit: number][]> = {
  side: [
    ['spec.source.testPattern.width', 1],
    ['spec.source.testPattern.height', 1],
    ['spec.video.width', 1],
    ['spec.video.height', 1],
  ],
  crop: ['left', 'top', 'right', 'bottom'].map((side): [string, number] => [`spec.video.crop.${side}`, 1]),
  bitRate: [
    ['spec.video.bitrateKbps', 1000],
    ['spec.video.maxBitrateKbps', 1000],
  ],
  quality: [['spec.video.quality', 1]],
  gopFrames: [['spec.video.gopFrames', 1]],
  gopSeconds: [['spec.video.gopSeconds', 1]],
  bFrames: [['spec.video.maxBFrames', 1]],
  threads: [['spec.video.threads', 1]],
  queueFrames: [['spec.queue.capacityFrames', 1]],
  queueBytes: [], // a quantity, whose bounds are a rule
  program: [['spec.source.program', 1]],
  encoderDelayFrames: [], // the builders know it
  latencyMilliseconds: [['spec.pacing.latencyBudgetMilliseconds', 1]],
  durationSeconds: [['spec.source.testPattern.durationSeconds', 1]],
  timeoutMilliseconds: [], // only the library has them
};

describe.each(Object.entries(LIMITS))('%s', (name, range) => {
  it(`the bounds of ${name} are those of the native core`, () => {
    expect(ofCore(name)).toEqual(range);
  });

  it.each(FIELDS[name as keyof typeof LIMITS])(`the bounds of ${name} are those of %s`, (path, unit) => {
    const { minimum = Number.NaN, maximum = Number.NaN } = ofResource(path);
    expect({ least: minimum * unit, most: maximum * unit }).toEqual(range);
  });
});

it('the highest frame rate is that of the resources, and the native core accepts it', () => {
  expect(Number(/kMaxFrameRate = (\d+);/.exec(core)?.[1])).toBeGreaterThanOrEqual(MAX_FRAME_RATE);
  for (const path of ['spec.source.testPattern.frameRate', 'spec.video.frameRate']) {
    const messages = ofResource(path)['x-kubernetes-validations']?.map(({ message }) => message);
    expect(messages).toContain(`must be at most ${MAX_FRAME_RATE} frames per second`);
  }
});

it('the memory of a frame queue has the same bounds and default in the resources and the native core', () => {
  const { description = '', 'x-kubernetes-validations': rules = [] } = ofResource('spec.queue.maxBytes');
  const { least, most } = LIMITS.queueBytes;
  expect(rules[0]?.message).toContain(`from ${least / 2 ** 20}Mi to ${most / 2 ** 30}Gi`);
  expect(description).toContain(`Default ${QUEUE_BYTES / 2 ** 20}Mi.`);
  expect(read('native/src/ring/layout.h')).toContain(`kMaxBytes = ${QUEUE_BYTES / 2 ** 20}ull << 20;`);
});

it('a video track has the same names in the resources as elsewhere', () => {
  const [rule] = ofResource('spec.source.videoTrack')['x-kubernetes-validations'] ?? [];
  expect(rule?.rule).toContain(VIDEO_TRACK.source.replaceAll('\\d', '[0-9]'));
});

it('the devices whose encoders are refused are those of the resources and of the native core', () => {
  const [rule] = ofResource('spec.video.encoder')['x-kubernetes-validations'] ?? [];
  expect(rule?.rule).toBe(`!self.matches(r"${ENCODER_OF_DEVICE}")`);
  const [, names = ''] =
    /kDevices = \{([^}]+)\}/.exec(read('native/src/media/encode/encoder_names.cc')) ?? [];
  expect(names.match(/\w+/g)).toEqual(ENCODER_DEVICES);
});

it('the pixel formats are those of the resources', () => {
  const [rule] = ofResource('spec.video.pixelFormat')['x-kubernetes-validations'] ?? [];
  expect(rule?.rule).toBe(`self in [${PIXEL_FORMATS.map((name) => JSON.stringify(name)).join(', ')}]`);
});

it('the largest picture is that of the resources', () => {
  for (const path of ['spec.source.testPattern', 'spec.video']) {
    const rules = ofResource(path)['x-kubernetes-validations'] ?? [];
    expect(rules.some(({ rule }) => rule.includes(`<= ${MAX_PIXELS}`))).toBe(true);
  }
});

it('the native core fetches no more of a web file in advance than the volume for it is made for', () => {
  const [, bytes] = /kSpoolBytes = ([\d']+);/.exec(read('native/src/media/source/spool_input.h')) ?? [];
  expect(Number(bytes?.replaceAll("'", ''))).toBe(SPOOL_BYTES);
});
