import { describe, expect, it } from 'vitest';
import {
  oneOf,
  parseBitRate,
  parseBytes,
  parseColour,
  parseCrop,
  parseDuration,
  parseGop,
  parseRate,
  parseSize,
  parseTestPattern,
  parseVideoTrack,
  wholeNumber,
} from './values.ts';

describe('values on the command line', () => {
  it.each([
    ['1280x720', { width: 1280, height: 720 }],
    ['640X360', { width: 640, height: 360 }],
  ])('the command reads the size %s', (text, size) => expect(parseSize(text)).toEqual(size));

  it.each(['1280', '1280x', '0x0', '1281x720', '8194x16', '99999x10', '-2x4'])(
    'the command refuses the size %s',
    (text) => expect(() => parseSize(text)).toThrow(/1280x720|even numbers/),
  );

  it('the command reads a crop and a colour', () => {
    expect(parseCrop('0,60, 2,8190')).toEqual({ left: 0, top: 60, right: 2, bottom: 8190 });
    expect(parseColour('#10fF00')).toBe('#10fF00');
  });

  it.each(['', '1,2,3', '0,0,0,1', '0,0,0,8192', '-2,0,0,0', '2,2,2,2,2', 'a,b,c,d', '1.5,0,0,0'])(
    'the command refuses the crop %s',
    (text) => expect(() => parseCrop(text)).toThrow(/LEFT,TOP,RIGHT,BOTTOM/),
  );

  it.each(['black', '#fff', '000000', '#12345g', '#1234567'])('the command refuses the colour %s', (text) =>
    expect(() => parseColour(text)).toThrow(/#RRGGBB/),
  );

  it.each([
    ['4M', 4_000_000],
    ['2500k', 2_500_000],
    ['3.5m', 3_500_000],
    ['128000', 128_000],
  ])('the command reads the bit rate %s', (text, rate) => expect(parseBitRate(text)).toBe(rate));

  it('the command reads the distance of key frames in frames and in seconds', () => {
    expect(parseGop('50')).toEqual({ gopFrames: 50 });
    expect(parseGop('4s')).toEqual({ gopSeconds: 4 });
  });

  it.each(['', '0', '0s', '601s', '100001', '2.5s', '-1', '4 s', 's', '2m'])(
    'the command refuses the distance of key frames %s',
    (text) => expect(() => parseGop(text)).toThrow(/such as 50 or 4s/),
  );

  it.each([
    ['512Mi', 512 * 2 ** 20],
    ['1G', 1e9],
    ['1048576', 2 ** 20],
  ])('the command reads the amount of memory %s', (text, bytes) => expect(parseBytes(text)).toBe(bytes));

  it.each(['1', '1Ki', '65Gi', 'much', '-1Gi'])('the command refuses the amount of memory %s', (text) =>
    expect(() => parseBytes(text)).toThrow(/from 1Mi to 64Gi/),
  );

  it.each(['0', '12', 'id:256', 'id:0x100', 'lang:eng', 'lang:ENG', 'lang:de'])(
    'the command reads the video track %s',
    (text) => expect(parseVideoTrack(text)).toBe(text),
  );

  it.each(['', '-1', 'first', 'id:', 'id:0x', 'lang:', 'lang:english'])(
    "the command refuses the video track '%s'",
    (text) => expect(() => parseVideoTrack(text)).toThrow(/a number from 0, id:N or lang:xxx/),
  );

  it.each(['4MB', 'fast', '1', '801M', '2000M', '-4M'])('the command refuses the bit rate %s', (text) =>
    expect(() => parseBitRate(text)).toThrow(/bit rate/),
  );

  it.each([
    ['25', '25'],
    ['30000/1001', '30000/1001'],
    ['29.97', '30000/1001'],
    ['23.976', '24000/1001'],
    ['12.5', '125/10'],
  ])('the command reads the frame rate %s as an exact fraction', (text, rate) =>
    expect(parseRate(text)).toBe(rate),
  );

  it.each(['0', '25/0', '301', '5000', '100000000/1000000', 'PAL', '-25'])(
    'the command refuses the frame rate %s',
    (text) => expect(() => parseRate(text)).toThrow(/frame rate/),
  );

  it.each([
    ['90', 90],
    ['5m', 300],
    ['1.5h', 5400],
  ])('the command reads the duration %s', (text, seconds) => expect(parseDuration(text)).toBe(seconds));

  it('the command refuses a picture of too many pixels and a duration of more than 1000 days', () => {
    expect(parseSize('8192x4352')).toEqual({ width: 8192, height: 4352 });
    expect(() => parseSize('8192x4354')).toThrow('at most 35651584 pixels');
    expect(parseDuration('24000h')).toBe(86_400_000);
    expect(() => parseDuration('24001h')).toThrow('must be at most 24000h');
  });

  it('the command matches policies without regard to case and dashes, and names them when it refuses', () => {
    const policy = oneOf('Block', 'DropOldest', 'DropNewest');
    expect(policy('drop-oldest')).toBe('DropOldest');
    expect(policy('DropNewest')).toBe('DropNewest');
    expect(() => policy('drop')).toThrow('block, drop-oldest, drop-newest');
  });

  it('the command holds whole numbers to their bounds', () => {
    expect(wholeNumber({ least: 1, most: 256 })('20')).toBe(20);
    expect(() => wholeNumber({ least: 1, most: 256 })('0')).toThrow('must be a whole number from 1 to 256');
    expect(() => wholeNumber({ least: 1, most: 256 })('2.5')).toThrow('from 1 to 256');
  });

  it('the command reads a test pattern with its settings, and leaves other sources alone', () => {
    expect(parseTestPattern('testpattern')).toEqual({});
    expect(parseTestPattern('testpattern:size=640x360,rate=25,duration=10')).toEqual({
      width: 640,
      height: 360,
      frameRate: '25',
      durationSeconds: 10,
    });
    expect(parseTestPattern('talk.mp4')).toBeUndefined();
    expect(() => parseTestPattern('testpattern:colour=red')).toThrow('pattern, size, rate, duration');
  });
});
