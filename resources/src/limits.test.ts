/** One limit holds everywhere: in the resources, for the command and WorkerConfig, and in the native core. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { repoRoot } from '../../scripts/paths.mjs';
import {
  ENCODER_DEVICES,
  ENCODER_OF_DEVICE,
  LEVEL,
  LIMITS,
  MAX_FRAME_RATE,
  MAX_PIXELS,
  PIXEL_FORMATS,
  PROFILE,
  QUEUE_BYTES,
  type Range,
  SPOOL_BYTES,
  VIDEO_TRACK,
} from './limits.ts';
import { checkWorkerConfig } from './worker-config.ts';

interface Schema {
  type?: string;
  description?: string;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  properties?: Record<string, Schema>;
  items?: Schema;
  'x-kubernetes-validations'?: { rule: string; message: string }[];
}

const read = (path: string) => readFileSync(join(repoRoot, path), 'utf8');
const core = read('native/src/core/limits.h');
const binding = ['options.cc', 'ring_options.cc'].map((file) => read(`native/src/binding/${file}`)).join('');
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

/** The numbers of a WorkerConfig that each range bounds. */
const IN_WORKER: Record<keyof typeof LIMITS, string[]> = {
  side: ['source.testPattern', 'video', 'encoder'].flatMap((at) => [`${at}.width`, `${at}.height`]),
  crop: ['left', 'top', 'right', 'bottom'].map((side) => `video.crop.${side}`),
  bitRate: ['encoder.bitRate', 'encoder.maxBitRate'],
  quality: ['encoder.quality'],
  gopFrames: ['encoder.gopFrames'],
  gopSeconds: ['encoder.gopSeconds'],
  bFrames: ['encoder.maxBFrames'],
  threads: ['source.threads', 'encoder.threads'],
  queueFrames: ['queue.capacityFrames'],
  queueBytes: ['queue.maxBytes'],
  program: ['source.program'],
  encoderDelayFrames: ['queue.encoderDelayFrames'],
  latencyMilliseconds: ['latencyBudgetMilliseconds'],
  durationSeconds: ['source.testPattern.durationSeconds'],
  timeoutMilliseconds: [
    'source.openTimeoutMilliseconds',
    'source.readTimeoutMilliseconds',
    ...['connect', 'response', 'write'].map((wait) => `outputs.0.${wait}TimeoutMilliseconds`),
  ],
};

/** What a number is accepted only together with, beside it. */
const BESIDE: Record<string, Record<string, unknown>> = { 'encoder.quality': { rateControl: 'Quality' } };

/** Whether a WorkerConfig is accepted whose field at `path` is `value`. */
function workerAccepts(path: string, value: number): boolean {
  const [root = ''] = path.split('.');
  const common = { version: 1, stream: 'default/film', queue: { path: '/ring', outputs: ['main'] } };
  const uri = path.includes('testPattern') ? undefined : 'rtsp://camera.example/1';
  const config: Record<string, unknown> = ['encoder', 'outputs'].includes(root)
    ? { ...common, role: 'encoder', outputs: [{ name: 'main', url: 'rtsp://server.example/live' }] }
    : { ...common, role: 'decoder', source: { uri, onEnd: 'Complete' } };
  const steps = path.split('.');
  let at = config;
  for (const step of steps.slice(0, -1)) {
    at[step] ??= {};
    at = at[step] as Record<string, unknown>;
  }
  Object.assign(at, { [steps.at(-1) as string]: value }, BESIDE[path]);
  try {
    checkWorkerConfig(config);
    return true;
  } catch {
    return false;
  }
}

/** All whole numbers below `schema`, by path. */
function numbersIn(schema: Schema, path: string): string[] {
  const own = schema.type === 'integer' || schema.type === 'number' ? [path] : [];
  const inside = Object.entries(schema.properties ?? {}).map(
    ([name, each]) => [`${path}.${name}`, each] as const,
  );
  const items = schema.items ? [[`${path}[]`, schema.items] as const] : [];
  return [...own, ...[...inside, ...items].flatMap(([at, each]) => numbersIn(each, at))];
}

it('every number of a VideoPush is bounded by a range that holds everywhere', () => {
  const known = Object.values(FIELDS).flatMap((fields) => fields.map(([path]) => path));
  // What only Kubernetes reads has the bounds of Kubernetes.
  known.push('spec.placement.tolerations[].tolerationSeconds');
  expect(numbersIn(ofResource('spec'), 'spec').sort()).toEqual(known.sort());
});

/** Ranges whose least is that of resources only. */
const FROM_ABOVE_ZERO = ['gopSeconds', 'durationSeconds'];

describe.each(Object.entries(IN_WORKER))('%s of a WorkerConfig', (name, paths) => {
  const { least, most } = LIMITS[name as keyof typeof LIMITS];
  const step = name === 'crop' ? 2 : 1;
  const below = FROM_ABOVE_ZERO.includes(name) ? 0 : least - step;

  it.each(paths)(`${name} is accepted within its bounds and refused beyond them in %s`, (path) => {
    const verdicts = [below, least, most, most + step].map((value) => workerAccepts(path, value));
    expect(verdicts).toEqual([false, true, true, false]);
  });

  it.each(paths)(`the native core takes the bounds of ${name} from its header in %s`, (path) => {
    const field = path.split('.').at(-1);
    const constant = `limits::k${name[0]?.toUpperCase()}${name.slice(1)}`;
    // The sides of a crop are read in a loop over their names.
    const read = name === 'crop' ? 'name' : `"${field}"`;
    const reads = [...binding.matchAll(/fields\.(?:integer|number)\(\s*([\w"]+),([^;]*);/g)];
    const bounds = reads.filter(([, by]) => by === read).map(([, , rest = '']) => rest);
    expect(bounds.length).toBeGreaterThan(0);
    for (const rest of bounds) expect(rest).toContain(constant);
  });
});

it('a WorkerConfig takes every port, and 0 for any free one', () => {
  const verdicts = [-1, 0, 65_535, 65_536].map((port) => workerAccepts('http.port', port));
  expect(verdicts).toEqual([false, true, true, false]);
});

it('a WorkerConfig takes frame rates up to the highest one, and no more', () => {
  const accepts = (rate: string) => workerAccepts('video.frameRate', rate as unknown as number);
  expect(accepts(`${MAX_FRAME_RATE}`)).toBe(true);
  expect(accepts('30000/1001')).toBe(true);
  expect(accepts(`${MAX_FRAME_RATE + 1}`)).toBe(false);
});

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

it('a level and a profile are written alike in the resources and elsewhere', () => {
  const ruleOf = (path: string) => ofResource(path)['x-kubernetes-validations']?.[0]?.rule;
  expect(ruleOf('spec.video.level')).toBe(`self.matches(r"${LEVEL.source}")`);
  const { maxLength } = ofResource('spec.video.profile');
  expect(ruleOf('spec.video.profile')).toBe(
    `self.matches(r"${PROFILE.source.replace(`{1,${maxLength}}`, '+')}")`,
  );
});

it('what the resources refuse in an encoding, WorkerConfig refuses in the same words', () => {
  // Sizes and GOPs are checked by field there, and the builders take the one of two that is set.
  const rules = ofResource('spec.video')['x-kubernetes-validations'] ?? [];
  const words = rules
    .map(({ message }) => message.replaceAll('itrateKbps', 'itRate'))
    .filter((message) => !/gopSeconds|pixels/.test(message));
  expect(words.length).toBeGreaterThan(5);
  const worker = read('resources/src/worker-config.ts');
  for (const message of words) expect(worker).toContain(message);
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
