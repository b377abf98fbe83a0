/** Who wins over whom, and in which unit. */
import { describe, expect, it } from 'vitest';
import type { SourceDescriptor } from '../types.ts';
import {
  type ConfigDict,
  checkSettings,
  describe as describeSource,
  encoderOptions,
  inherit,
  resolve,
} from './parameters.ts';

const source: SourceDescriptor = {
  container: 'mp4',
  durationSeconds: 10,
  startSeconds: 0,
  seekable: true,
  live: false,
  finite: true,
  streamIndex: 1,
  streamCount: 2,
  video: {
    codec: 'h264',
    profile: 'High',
    width: 1920,
    height: 1080,
    pixelFormat: 'yuv420p',
    frameRate: '30000/1001',
    timeBase: '1/30000',
    variableFrameRate: false,
    bitRate: 4_000_000,
    gopFrames: 50,
    reorderFrames: 2,
    interlaced: false,
    mirrored: false,
    rotation: 0,
    sampleAspectRatio: '1',
    color: { range: null, primaries: null, transfer: null, matrix: null },
    frameCount: 300,
    frameCountExact: true,
  },
  videos: [],
  audio: [],
  changes: [],
};
const dict = describeSource('/a.mp4', source, 3, 0, 0);

describe('the configuration dictionary', () => {
  it('the configuration dictionary survives JSON, with strings as strings and bit rates in bits per second', () => {
    expect(JSON.parse(JSON.stringify(dict))).toEqual(dict);
    expect(dict).toEqual({
      videoPath: '/a.mp4',
      codecName: 'h264',
      bitRate: 4_000_000,
      GOPSize: 50,
      maxBframe: 2,
      nthread: 3,
      width: 1920,
      height: 1080,
      frameRate: [30000, 1001],
    });
  });

  it('a parameter that is not known is null in the configuration dictionary, not a default', () => {
    const video = { ...source.video, bitRate: null, gopFrames: null, frameRate: null };
    expect(describeSource('', { ...source, video }, 0, 0, 0)).toMatchObject({
      bitRate: null,
      GOPSize: null,
      frameRate: null,
    });
  });

  it('the configuration dictionary reports the size of the frames after rotation, and the scaled size beside it', () => {
    const turned = { ...source, video: { ...source.video, rotation: 90 } };
    expect(describeSource('', turned, 0, 0, 0)).toMatchObject({ width: 1080, height: 1920 });
    expect(describeSource('', source, 0, 640, 360)).toMatchObject({
      width: 1920,
      widthDst: 640,
      heightDst: 360,
    });
    expect(describeSource('', source, 0, 640, 0)).not.toHaveProperty('widthDst');
  });
});

describe('explicit, inherited and default settings', () => {
  const inherited = inherit(dict);
  const defaults = resolve({ width: 640, height: 360 }, {});
  it.each([
    ['codecName', 'libx265', 'h264', 'h264'],
    ['bitRate', 1_000_000, 4_000_000, 0],
    ['width', 1280, 1920, 640],
    ['height', 720, 1080, 360],
    ['widthSrc', 800, 1920, 640],
    ['heightSrc', 600, 1080, 360],
    ['frameRate', [24, 1], [30000, 1001], [25, 1]],
    ['GOPSize', 12, 50, 50],
    ['maxBframe', 0, 2, 0],
    ['frameAhead', 33, 100, 100],
    ['nthread', 4, 0, 0],
  ] as const)(
    '%s is taken from the caller, else from the source, else from the defaults',
    (name, explicit, fromSource, byDefault) => {
      expect(resolve({ [name]: explicit }, inherited)[name]).toEqual(explicit);
      expect(resolve({}, inherited)[name]).toEqual(fromSource);
      expect(defaults[name]).toEqual(byDefault);
    },
  );

  it('decoder threads are never inherited, so the encoder stays automatic', () => {
    expect(inherit({ ...dict, nthread: 1 })).not.toHaveProperty('nthread');
    expect(encoderOptions(resolve({}, inherit({ ...dict, nthread: 1 })), 'libx264').threads).toBe(0);
  });

  it('frameAhead is two GOPs by default', () => {
    expect(resolve({ GOPSize: 30 }, inherited).frameAhead).toBe(60);
    expect(resolve({ frameAhead: 500 }, inherited).frameAhead).toBe(500);
  });

  it('an explicit size scales what the source gives', () => {
    expect(resolve({ width: 1280, height: 720 }, inherited)).toMatchObject({
      width: 1280,
      height: 720,
      widthSrc: 1920,
      heightSrc: 1080,
    });
  });

  it('the size of a decoder that scales is that of the encoder', () => {
    expect(resolve({}, inherit({ ...dict, widthDst: 640, heightDst: 360 }))).toMatchObject({
      width: 640,
      widthSrc: 640,
      heightSrc: 360,
    });
  });

  it('a stream of unknown size is refused with what to do', () => {
    expect(() => resolve({}, {})).toThrow(
      expect.objectContaining({ code: 'InvalidArgument', action: expect.stringMatching(/configDict/) }),
    );
  });
});

describe('bit rates', () => {
  it('a bit rate that nobody gives is left to the encoder’s rule, by size and rate', () => {
    expect(encoderOptions(resolve({ width: 640, height: 360 }, {}), 'libx264')).not.toHaveProperty('bitRate');
    expect(encoderOptions(resolve({}, inherit({ ...dict, bitRate: null })), 'libx264')).not.toHaveProperty(
      'bitRate',
    );
    expect(inherit({ ...dict, bitRate: 1024 })).not.toHaveProperty('bitRate');
  });

  it('an explicit bit rate is kept to, and an inherited one is left to the encoder’s rule', () => {
    const explicit = resolve({ bitRate: 50_000 }, inherit(dict));
    expect(encoderOptions(explicit, 'libx264').bitRate).toBe(50_000);
    expect(explicit.bitRateInherited).toBe(false);
    const inherited = resolve({}, inherit({ ...dict, bitRate: 20_000 }));
    expect(inherited).toMatchObject({ bitRate: 20_000, bitRateInherited: true });
    expect(encoderOptions(inherited, 'libx264')).not.toHaveProperty('bitRate');
    expect(resolve({}, inherit({ ...dict, bitRate: null })).bitRateInherited).toBe(false);
  });

  it('the bit rate of a source whose frames are scaled counts by their area', () => {
    const scaled = { ...dict, widthDst: 960, heightDst: 540 };
    expect(inherit(scaled).bitRate).toBe(1_000_000);
  });

  it('a bit rate that looks like kilobits is refused, with the unit in the advice', () => {
    expect(() => checkSettings({ bitRate: 4000 })).toThrow(
      expect.objectContaining({ code: 'InvalidArgument', action: expect.stringMatching(/bits per second/) }),
    );
    expect(checkSettings({ bitRate: 4_000_000 })).toEqual({ bitRate: 4_000_000 });
  });
});

describe('checks of settings', () => {
  it.each<[string, unknown]>([
    ['codecName', 7],
    ['bitRate', -1],
    ['bitRate', 2_000_000_001],
    ['bitRate', '4M'],
    ['width', 1.5],
    ['frameRate', 25],
    ['frameRate', [25]],
    ['frameRate', [25, 0]],
    ['GOPSize', -3],
    ['maxBframe', 17],
    ['nthread', 1000],
    ['frameAhead', Number.NaN],
  ])('a setting %s = %j is refused by name', (name, value) => {
    expect(() => checkSettings({ [name]: value })).toThrow(
      expect.objectContaining({
        code: 'InvalidArgument',
        message: expect.stringMatching(new RegExp(`^${name}: `)),
      }),
    );
  });

  it('settings that are strings are taken as they are, and null means not set', () => {
    expect(checkSettings({ codecName: 'libx264', bitRate: null, GOPSize: undefined })).toEqual({
      codecName: 'libx264',
    });
  });

  it('a configuration that is no dictionary is refused', () => {
    expect(() => inherit('x' as unknown as ConfigDict)).toThrow(
      expect.objectContaining({ code: 'InvalidArgument' }),
    );
  });

  it('the encoder is tuned for zerolatency only when the stream has no B-frames', () => {
    const settings = resolve({ width: 64, height: 64 }, {});
    expect(encoderOptions(settings, 'libx264')).not.toHaveProperty('tune');
    expect(encoderOptions({ ...settings, maxBframe: 16 }, 'libx264').tune).toBe('');
    expect(encoderOptions({ ...settings, maxBframe: 16, tune: 'film' }, 'libx264').tune).toBe('film');
  });
});
