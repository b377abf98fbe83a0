import { describe, expect, it } from 'vitest';
import { parseQuantity } from '../schema/quantity.ts';
import { decoderCost, encoderCost, encoderMilliseconds, type StreamShape } from './cost.ts';
import { codecOf, type Picture, pushedPicture, sourcePicture } from './picture.ts';
import { containerResources } from './resources.ts';
import { expectedRingBytes, ringVolumeBytes, slotBytes } from './ring-size.ts';
import { somePush } from './testing/manifests.ts';

const MiB = 2 ** 20;
const picture = (width: number, height: number, rate = 30, known = true): Picture => ({
  width,
  height,
  rate,
  pixelFormat: 'yuv420p',
  sizeKnown: known,
  rateKnown: known,
});
const hd = picture(1920, 1080);
const queue = {
  capacityFrames: 20,
  maxBytes: 256 * MiB,
  encoderDelayFrames: 0,
  latencyBudgetMilliseconds: 100,
};
const shape = (pushed: Picture, more: Partial<StreamShape> = {}): StreamShape => ({
  source: pushed,
  pushed,
  generated: false,
  encoder: { codec: 'H264' },
  queue,
  split: false,
  ...more,
});

describe('the size of the frame queue', () => {
  it('the frame queue takes 34 MiB for 720p and 77 MiB for 1080p at 30 frames/s, as measured', () => {
    expect(Math.round(expectedRingBytes(picture(1280, 720), queue) / MiB)).toBe(34);
    expect(Math.round(expectedRingBytes(hd, queue) / MiB)).toBe(77);
    expect(slotBytes(hd)).toBe(3_112_960);
  });

  it('the frame queue takes at most 256 MiB or its maxBytes, and fewer frames wait then', () => {
    const deep = { ...queue, encoderDelayFrames: 300 };
    const uhd = picture(3840, 2160);
    expect(expectedRingBytes(hd, deep) / MiB).toBeLessThan(256.2);
    expect(expectedRingBytes(uhd, queue) / MiB).toBeLessThan(256.2);
    expect(expectedRingBytes(uhd, { ...queue, maxBytes: 2 ** 30 })).toBeGreaterThan(25 * slotBytes(uhd));
  });

  it.each([
    // What the native core's geometry() gives for 1922x1080.
    ['yuv420p', 3_252_224],
    ['yuv422p', 4_358_144],
    ['yuv444p', 6_430_720],
    ['yuv420p10le', 6_361_088],
    ['yuv422p10le', 8_503_296],
    ['yuv444p10le', 12_652_544],
    ['gray', 2_146_304],
  ] as const)('a frame of %s takes the memory of its planes', (pixelFormat, bytes) => {
    expect(slotBytes({ width: 1922, height: 1080, pixelFormat })).toBe(bytes);
  });

  it('the volume of the frame queue has room for a second one, and for maxBytes where the size is unknown', () => {
    expect(ringVolumeBytes(hd, queue)).toBe(2 * expectedRingBytes(hd, queue));
    const deep = { ...hd, pixelFormat: 'yuv444p10le' } as const;
    expect(ringVolumeBytes(deep, { ...queue, maxBytes: 2 ** 30 })).toBeGreaterThan(
      3.9 * ringVolumeBytes(hd, queue),
    );
    const unknown = picture(1920, 1080, 30, false);
    expect(ringVolumeBytes(unknown, queue)).toBeGreaterThanOrEqual(queue.maxBytes);
    expect(ringVolumeBytes(unknown, { ...queue, maxBytes: 2 ** 30 })).toBeGreaterThan(2 ** 30);
  });
});

describe('pictures of a source that is not opened yet', () => {
  it.each([
    [
      'has the size and rate of a test pattern',
      { source: { testPattern: { width: 640, height: 360, frameRate: '25' } } },
      [640, 360, 25, true],
    ],
    [
      'is assumed to be 1080p30 for another source',
      { source: { uri: 'http://a.example/b' } },
      [1920, 1080, 30, false],
    ],
    [
      'has one side in proportion to the other when one is given',
      { source: { uri: 'http://a.example/b' }, video: { height: 720, frameRate: '30000/1001' } },
      [1280, 720, 30000 / 1001, false],
    ],
    [
      'has both sides as asked for',
      { source: { uri: 'http://a.example/b' }, video: { width: 640, height: 480 } },
      [640, 480, 30, true],
    ],
  ] as const)(
    'the picture of a source that is not opened yet %s',
    (_, spec, [width, height, rate, sizeKnown]) => {
      expect(pushedPicture(somePush(spec).spec)).toMatchObject({ width, height, rate, sizeKnown });
    },
  );

  it('the codec follows from the name of an encoder', () => {
    const codec = (encoder: string) => codecOf(somePush({ video: { encoder } }).spec);
    expect(['libx264', 'libx265', 'libvpx', 'libvpx-vp9', 'libsvtav1', 'mjpeg'].map(codec)).toEqual([
      'H264',
      'H265',
      'VP8',
      'VP9',
      'AV1',
      undefined,
    ]);
    expect(codecOf(somePush().spec)).toBe('H264');
    expect(sourcePicture(somePush({ source: { testPattern: {} } }).spec)).toMatchObject({ width: 1280 });
  });
});

describe('requests by codec, size, rate and preset', () => {
  const cases: [string, StreamShape, { decoder: [number, number]; encoder: [number, number] }][] = [
    ['360p30', shape(picture(640, 360)), { decoder: [36, 112], encoder: [70, 103] }],
    ['720p30', shape(picture(1280, 720)), { decoder: [84, 157], encoder: [220, 121] }],
    ['1080p30', shape(hd), { decoder: [164, 233], encoder: [468, 151] }],
    [
      '1080p30 medium',
      shape(hd, { encoder: { codec: 'H264', preset: 'medium' } }),
      { decoder: [164, 233], encoder: [1576, 151] },
    ],
    [
      '1080p30 H265',
      shape(hd, { encoder: { codec: 'H265' } }),
      { decoder: [164, 233], encoder: [2633, 242] },
    ],
    [
      '1080p30 with 10 bits',
      shape({ ...hd, pixelFormat: 'yuv420p10le' }, { source: hd }),
      { decoder: [164, 310], encoder: [603, 204] },
    ],
    [
      '1080p30 4:4:4',
      shape({ ...hd, pixelFormat: 'yuv444p' }, { source: hd }),
      { decoder: [164, 310], encoder: [603, 204] },
    ],
  ];
  it.each(cases)(
    'a stream of %s requests the CPU and memory of the table',
    (_, one, { decoder, encoder }) => {
      const figures = ({ cpuMillicores, memoryBytes }: ReturnType<typeof decoderCost>) => [
        cpuMillicores,
        Math.ceil(memoryBytes / MiB),
      ];
      expect(figures(decoderCost(one))).toEqual(decoder);
      expect(figures(encoderCost(one))).toEqual(encoder);
    },
  );

  it('two streams of 1080p30 fit on two cores, and three do not fit beside anything else', () => {
    const one = decoderCost(shape(hd)).cpuMillicores + encoderCost(shape(hd)).cpuMillicores;
    expect(2 * one).toBeLessThan(1500);
    expect(3 * one).toBeGreaterThan(1500);
  });

  it('slower presets cost more, and lookahead costs more', () => {
    const presets = [
      'ultrafast',
      'superfast',
      'veryfast',
      'faster',
      'fast',
      'medium',
      'slow',
      'slower',
      'veryslow',
    ];
    for (const codec of ['H264', 'H265']) {
      const costs = presets.map((preset) => encoderMilliseconds({ codec, preset }));
      expect(costs).toEqual([...costs].sort((a, b) => a - b));
    }
    expect(encoderMilliseconds({ codec: 'H264', tune: 'none' })).toBeGreaterThan(
      encoderMilliseconds({ codec: 'H264' }),
    );
  });

  it('decoder and encoder in two pods have a queue each, and the network costs both', () => {
    const [together, apart] = [shape(hd), shape(hd, { split: true })];
    expect(encoderCost(apart).memoryBytes - encoderCost(together).memoryBytes).toBe(
      expectedRingBytes(hd, queue),
    );
    expect(decoderCost(apart).memoryBytes).toBe(decoderCost(together).memoryBytes);
    expect(decoderCost(apart).cpuMillicores).toBeGreaterThan(decoderCost(together).cpuMillicores);
  });
});

describe('explicit resources', () => {
  const cost = { cpuMillicores: 250, memoryBytes: 100 * MiB, memoryLimitBytes: 300 * MiB };
  const resolve = (given?: Parameters<typeof containerResources>[1]) =>
    containerResources(cost, given, 'spec.resources.encoder');

  it('resources that are unset follow from the table, without a CPU limit but with one of memory', () => {
    expect(resolve()).toEqual({ requests: { cpu: '250m', memory: '100Mi' }, limits: { memory: '300Mi' } });
  });

  it('explicit resources win resource by resource', () => {
    expect(resolve({ requests: { cpu: 2 }, limits: { 'nvidia.com/gpu': 1 } })).toEqual({
      requests: { cpu: 2, memory: '100Mi' },
      limits: { memory: '300Mi', 'nvidia.com/gpu': 1 },
    });
  });

  it('explicit resources take the other half of their pair along where it would be invalid', () => {
    expect(resolve({ limits: { memory: '64Mi', cpu: '100m' } })).toEqual({
      requests: { cpu: '100m', memory: '64Mi' },
      limits: { cpu: '100m', memory: '64Mi' },
    });
    expect(resolve({ requests: { memory: '1Gi' } }).limits).toEqual({ memory: '1Gi' });
  });

  it('resources that contradict each other, or are no quantities, are refused with the field', () => {
    expect(() => resolve({ requests: { memory: '2Gi' }, limits: { memory: '1Gi' } })).toThrow(
      'spec.resources.encoder.requests.memory: must be at most limits.memory, 1Gi',
    );
    expect(() => resolve({ limits: { cpu: 'much' } })).toThrow(
      'spec.resources.encoder.limits.cpu: must be a quantity',
    );
    expect(() => resolve({ requests: { cpu: '-1' } })).toThrow(
      'spec.resources.encoder.requests.cpu: must be a quantity',
    );
  });

  it.each([
    ['500m', 0.5],
    ['1.5', 1.5],
    [2, 2],
    ['256Mi', 256 * MiB],
    ['1e3', 1000],
    ['2G', 2e9],
    ['.5Gi', 2 ** 29],
    ['', undefined],
    ['1 Gi', undefined],
    ['Mi', undefined],
  ] as const)('the quantity %s is read as %s', (text, expected) => {
    expect(parseQuantity(text)).toBe(expected);
  });
});
