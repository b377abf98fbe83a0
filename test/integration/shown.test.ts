/** What a push makes of a picture, as a viewer sees it: which way up, which shape, which pixels. */
import { FrameReader } from '@videopush/native';
import { describe, expect, it } from 'vitest';
import { cornersBy, cornersOf, MATRICES, makeCornerClip, showBy } from '../support/corners.ts';
import { Push, type PushOptions } from '../support/sessions.ts';
import { Scratch } from '../support/tools.ts';

/** Pushes a clip to a file and opens what came out. */
async function pushed(
  scratch: Scratch,
  clip: string,
  options: Partial<PushOptions> = {},
): Promise<FrameReader> {
  const target = scratch.file(`out-${made++}.mkv`);
  await using push = new Push({ source: { uri: clip }, outputs: target, ...options });
  await push.ended();
  return FrameReader.open(target);
}
let made = 0;

describe('a push to a file', () => {
  it.each(MATRICES)('shows a clip upright by the display matrix %d %d %d %d', async (...matrix) => {
    using scratch = new Scratch();
    const clip = await makeCornerClip({ path: scratch.file('clip.mp4'), width: 160, height: 96 });
    await using reader = await pushed(scratch, showBy(clip, matrix));
    const frame = await reader.next();
    expect([frame?.width, frame?.height]).toEqual(matrix[0] ? [160, 96] : [96, 160]);
    expect(frame && cornersOf(frame)).toEqual(cornersBy(matrix));
    expect(reader.descriptor.video).toMatchObject({ rotation: 0, mirrored: false });
  });
});
