/**
 * The writing half of the frame-queue tests, a process of its own: COUNT frames of WIDTH x HEIGHT in rgb24,
 * the index in the first four bytes.
 *
 *   node queue-writer.ts PATH COUNT WIDTH HEIGHT
 */
import { FrameQueueWriter } from '@videopush/native';

const [path = '', count, width, height] = process.argv.slice(2);
const shape = { width: Number(width), height: Number(height) };
await using writer = await FrameQueueWriter.create(path, { ...shape, parameters: { count: Number(count) } });
const pictures = Array.from({ length: 4 }, (_, i) =>
  new Uint8Array(shape.width * shape.height * 3).fill(i * 50),
);
for (let i = 0; i < Number(count); i++) {
  const picture = pictures[i % pictures.length] as Uint8Array;
  new DataView(picture.buffer).setUint32(0, i);
  await writer.put(picture);
}
await writer.end();
