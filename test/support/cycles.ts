/**
 * Opens, pushes and closes over and over, and prints this process's resident memory after every tenth time.
 *
 *   node --expose-gc cycles.ts URL COUNT
 *
 * Each push is ten frames at 500 per second: the pacing stays on, yet a cycle
 * takes a few hundredths of a second.
 */
import { FramePusher } from '@videopush/native';
import { memory } from './meters.ts';
import { Push } from './sessions.ts';

const [url = '', count] = process.argv.slice(2);
const collect = (globalThis as { gc?: () => void }).gc ?? (() => {});
const picture = new Uint8Array(320 * 180 * 3).fill(90);

async function sessions(): Promise<void> {
  await using push = new Push({
    source: { testPattern: { width: 320, height: 180, frameRate: '500', durationSeconds: 0.02 } },
    outputs: url,
    encode: {
      encoder: { encoder: 'libx264', preset: 'ultrafast', bitRate: 500_000 },
      latencyBudgetMilliseconds: 0,
    },
  });
  await push.ended();
}

async function frames(): Promise<void> {
  await using pusher = await FramePusher.open({
    url,
    width: 320,
    height: 180,
    inputFormat: 'rgb24',
    frameRate: '500',
    encoder: { encoder: 'libx264', preset: 'ultrafast', bitRate: 500_000 },
    latencyBudgetMilliseconds: 0,
  });
  for (let i = 0; i < 10; i++) await pusher.push(picture);
  await pusher.finish();
}

for (let cycle = 1; cycle <= Number(count); cycle++) {
  await (cycle % 2 === 0 ? sessions() : frames());
  if (cycle % 10 !== 0) continue;
  collect();
  console.log(JSON.stringify({ cycle, resident: memory(process.pid)?.resident ?? 0 }));
}
