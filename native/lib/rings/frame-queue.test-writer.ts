/**
 * The other process of the queue's tests: `PATH WIDTH HEIGHT COUNT|endless`; frame n is filled with n % 16.
 */
import { FrameQueueWriter } from '../index.ts';

const [path = '', width = '', height = '', count = ''] = process.argv.slice(2);
// Made beforehand: making them is not what is measured.
const pictures = Array.from({ length: 16 }, (_, shade) =>
  new Uint8Array(Number(width) * Number(height) * 3).fill(shade),
);

await using writer = await FrameQueueWriter.create(path, { width: Number(width), height: Number(height) });
const last = count === 'endless' ? Number.POSITIVE_INFINITY : Number(count);
for (let n = 0; n < last; n++) await writer.put(pictures[n % 16] as Uint8Array);
await writer.end();
