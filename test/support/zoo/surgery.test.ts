import { describe, expect, it } from 'vitest';
import { operate } from './surgery.ts';

/** A packet of video that begins a PES packet with a PCR, a PTS and a DTS, all at `ticks`. */
function packetAt(ticks: number): Buffer {
  const packet = Buffer.alloc(188, 0xff);
  const stamp = (mark: number) => [
    (mark << 4) | (Math.floor(ticks / 2 ** 30) << 1) | 1,
    Math.floor(ticks / 2 ** 22) & 0xff,
    ((Math.floor(ticks / 2 ** 15) & 0x7f) << 1) | 1,
    Math.floor(ticks / 2 ** 7) & 0xff,
    ((ticks & 0x7f) << 1) | 1,
  ];
  const pcr = Buffer.alloc(6);
  pcr.writeUInt32BE(Math.floor(ticks / 2), 0);
  pcr[4] = ((ticks & 1) << 7) | 0x7e;
  packet.set([0x47, 0x41, 0x00, 0x30, 7, 0x10, ...pcr]);
  packet.set([0, 0, 1, 0xe0, 0, 0, 0x80, 0xc0, 10, ...stamp(3), ...stamp(1)], 12);
  return packet;
}

const SHIFT = { do: 'ts.shift', from: 1, seconds: 3600 } as const;

describe('the surgeon of transport streams', () => {
  it('the surgeon of transport streams moves PCR, PTS and DTS of the frames that it is told', () => {
    const stream = Buffer.concat([packetAt(90_000), packetAt(93_601), packetAt(97_200)]);
    const [first, second] = [packetAt(90_000), packetAt(93_601 + 3600 * 90_000)];
    const changed = operate(Buffer.from(stream), { ...SHIFT, to: 2 });
    expect(changed).toEqual(Buffer.concat([first, second, packetAt(97_200)]));
  });

  it.each([1, -1])('the surgeon of transport streams wraps clocks at 33 bits, by %i h', (hours) => {
    const ticks = hours > 0 ? 2 ** 33 - 1 : 0;
    const shifted = (ticks + hours * 3600 * 90_000 + 2 ** 33) % 2 ** 33;
    const changed = operate(packetAt(ticks), { do: 'ts.shift', from: 0, seconds: hours * 3600 });
    expect(changed).toEqual(packetAt(shifted));
  });

  it('the surgeon of transport streams turns timestamps into stuffing', () => {
    const changed = operate(Buffer.concat([packetAt(1), packetAt(2)]), { do: 'ts.unstamp', keepEvery: 2 });
    expect(changed.subarray(0, 188)).toEqual(packetAt(1));
    const header = changed.subarray(188 + 12, 188 + 12 + 19);
    expect([...header.subarray(6, 9)]).toEqual([0x80, 0, 10]);
    expect(header.subarray(9)).toEqual(Buffer.alloc(10, 0xff));
  });

  it('the surgeon of transport streams begins them with a frame, behind their tables', () => {
    const table = Buffer.alloc(188, 0xff);
    table.set([0x47, 0x40, 0x00, 0x10]);
    const stream = Buffer.concat([table, packetAt(1), packetAt(2), table, packetAt(3)]);
    expect(operate(stream, { do: 'ts.begin', frame: 2 })).toEqual(Buffer.concat([table, table, packetAt(3)]));
  });
});
