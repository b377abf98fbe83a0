/** The descriptor contains the properties of the source, not the initial values of a decoder context. */
import { statSync } from 'node:fs';
import { probe } from '@videopush/native';
import { describe, expect, it } from 'vitest';
import { type ClipOptions, makeClip } from '../support/clips.ts';
import { Scratch } from '../support/tools.ts';

async function describedAs(ending: string, options: Partial<ClipOptions>) {
  using scratch = new Scratch();
  const clip = { frames: 150, width: 320, height: 180, ...options, path: scratch.file(`clip${ending}`) };
  const { video, ...rest } = await probe({ uri: await makeClip(clip) });
  return { ...rest, video, sizeBytes: statSync(clip.path).size };
}

describe('the descriptor contains the properties of the source', () => {
  it('a GOP of 50 with three B-frames and a pyramid is described as 50 and a delay of 2', async () => {
    const { video, durationSeconds, seekable } = await describedAs('.mp4', {
      gop: 50,
      bFrames: 3,
      extra: ['-preset', 'fast', '-x264-params', 'b-pyramid=normal'],
    });
    expect(video).toMatchObject({ codec: 'h264', gopFrames: 50, reorderFrames: 2, frameRate: '25' });
    expect(video).toMatchObject({ width: 320, height: 180, frameCount: 150, variableFrameRate: false });
    expect(durationSeconds).toBeCloseTo(6, 1);
    expect(seekable).toBe(true);
  });

  it('a GOP of 13 without B-frames is described as 13 and no delay', async () => {
    const { video } = await describedAs('.mkv', { gop: 13 });
    expect(video).toMatchObject({ gopFrames: 13, reorderFrames: 0 });
  });

  it.each(['.mp4', '.mkv', '.ts'])(
    'the bit rate of a %s is measured, in bits per second, or unknown',
    async (ending) => {
      const { video, sizeBytes } = await describedAs(ending, { busy: true, bitRate: '600k' });
      const real = (sizeBytes * 8) / 6;
      if (ending === '.mp4') expect(video.bitRate).not.toBeNull();
      if (video.bitRate === null) return;
      expect(video.bitRate).toBeGreaterThan(real * 0.7);
      expect(video.bitRate).toBeLessThan(real * 1.3);
    },
  );

  it('colour tags, a fractional frame rate and audio are described', async () => {
    const { video, audio } = await describedAs('.mp4', {
      rate: '30000/1001',
      audio: 'first',
      extra: ['-vf', 'setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709'],
    });
    expect(video.frameRate).toBe('30000/1001');
    expect(video.color).toEqual({ range: 'tv', primaries: 'bt709', transfer: 'bt709', matrix: 'bt709' });
    expect(audio).toEqual([expect.objectContaining({ codec: 'aac', sampleRate: 48_000, channels: 1 })]);
  });

  it('a variable frame rate is described as variable', async () => {
    const { video } = await describedAs('.mp4', { instants: 'if(lt(N,50),N/50,1+(N-50)/10)' });
    expect(video.variableFrameRate).toBe(true);
  });
});
