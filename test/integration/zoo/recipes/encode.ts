/** Options of encoders that several recipes share. */

const X264 = ['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '14', '-g', '12', '-keyint_min', '12'];
const FIXED = ['-sc_threshold', '0', '-pix_fmt', 'yuv420p'];

/** H.264 without B-frames, a key frame every 12 frames. */
export const H264 = [...X264, ...FIXED, '-bf', '0'];
/** H.264 with two B-frames between references. */
export const H264_B = [...X264, ...FIXED, '-bf', '2', '-b_strategy', '0'];
export const HEVC = [
  ...['-c:v', 'libx265', '-preset', 'ultrafast', '-crf', '16', '-pix_fmt', 'yuv420p', '-tag:v', 'hvc1'],
  ...['-x265-params', 'log-level=error:keyint=12:pools=1:frame-threads=1'],
];
export const MPEG2 = ['-c:v', 'mpeg2video', '-q:v', '2', '-g', '12', '-bf', '2', '-pix_fmt', 'yuv420p'];
export const MPEG4 = ['-c:v', 'mpeg4', '-q:v', '2', '-g', '12'];
export const VP8 = ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '4M', '-g', '12'];
/** VP9 without regard to size. */
export const FAST_VP9 = ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '4M'];
export const VP9 = [...FAST_VP9, '-g', '12'];
export const AV1 = ['-c:v', 'libaom-av1', '-usage', 'realtime', '-cpu-used', '8', '-b:v', '3M', '-g', '12'];
export const MJPEG = ['-c:v', 'mjpeg', '-q:v', '2', '-huffman', 'default'];
export const FFV1 = ['-c:v', 'ffv1', '-level', '3', '-g', '1'];
export const PALETTE = 'split[a][b];[a]palettegen[p];[b][p]paletteuse=dither=none';

/** Sound of the source's length, as a further input. */
export const TONE = ['-f', 'lavfi', '-t', '1', '-i', 'sine=frequency=440:sample_rate=48000'];
