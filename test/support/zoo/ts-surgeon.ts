/** Changes packets of an MPEG transport stream (ISO/IEC 13818-1) in place of a broken multiplexer. */

const PACKET = 188;
const TURN = 2 ** 33;
const TICKS = 90_000;

const pidOf = (packet: Buffer): number => packet.readUInt16BE(1) & 0x1fff;
const beginsUnit = (packet: Buffer): boolean => ((packet[1] as number) & 0x40) !== 0;

/** Where the payload begins; PACKET when there is none. */
function payloadAt(packet: Buffer): number {
  const control = ((packet[3] as number) >> 4) & 3;
  if ((control & 1) === 0) return PACKET;
  return control === 3 ? 5 + (packet[4] as number) : 4;
}

/** Where a packet begins a PES packet with a header of video; -1 in others. */
function videoHeaderAt(packet: Buffer): number {
  const at = payloadAt(packet);
  if (!beginsUnit(packet) || at > PACKET - 14) return -1;
  const video = packet.readUIntBE(at, 3) === 1 && ((packet[at + 3] as number) & 0xf0) === 0xe0;
  return video ? at : -1;
}

/** A packet with the number of the frame that it carries or that came last before it; -1: none did. */
interface Numbered {
  packet: Buffer;
  frame: number;
}

function numbered(stream: Buffer): Numbered[] {
  let frame = -1;
  return Array.from({ length: Math.floor(stream.length / PACKET) }, (_, i) => {
    const packet = stream.subarray(i * PACKET, (i + 1) * PACKET);
    if (videoHeaderAt(packet) >= 0) frame++;
    return { packet, frame };
  });
}

/** Five bytes of a timestamp in a PES header: marker bits stay as they are. */
function addToStamp(packet: Buffer, at: number, ticks: number): void {
  const byte = (i: number): number => packet[at + i] as number;
  const before =
    ((byte(0) >> 1) & 7) * 2 ** 30 +
    byte(1) * 2 ** 22 +
    (byte(2) >> 1) * 2 ** 15 +
    byte(3) * 2 ** 7 +
    (byte(4) >> 1);
  const after = (((before + ticks) % TURN) + TURN) % TURN;
  packet[at] = (byte(0) & 0xf1) | (Math.floor(after / 2 ** 30) << 1);
  packet[at + 1] = Math.floor(after / 2 ** 22) & 0xff;
  packet[at + 2] = ((Math.floor(after / 2 ** 15) & 0x7f) << 1) | 1;
  packet[at + 3] = Math.floor(after / 2 ** 7) & 0xff;
  packet[at + 4] = ((after & 0x7f) << 1) | 1;
}

/** The 33 bits of a PCR; its extension and the reserved bits stay. */
function addToPcr(packet: Buffer, ticks: number): void {
  const hasField = ((packet[3] as number) & 0x20) !== 0 && (packet[4] as number) > 0;
  if (!hasField || ((packet[5] as number) & 0x10) === 0) return;
  const before = packet.readUInt32BE(6) * 2 + ((packet[10] as number) >> 7);
  const after = (((before + ticks) % TURN) + TURN) % TURN;
  packet.writeUInt32BE(Math.floor(after / 2), 6);
  packet[10] = ((packet[10] as number) & 0x7f) | ((after & 1) << 7);
}

/** Adds to PTS, DTS and PCR of the frames from `from` up to but without `to`. */
export function shift(stream: Buffer, from: number, to: number, seconds: number): Buffer {
  const ticks = Math.round(seconds * TICKS);
  for (const { packet, frame } of numbered(stream)) {
    if (frame < from || frame >= to) continue;
    addToPcr(packet, ticks);
    const at = payloadAt(packet);
    if (!beginsUnit(packet) || at > PACKET - 19 || packet.readUIntBE(at, 3) !== 1) continue;
    const flags = (packet[at + 7] as number) >> 6;
    if (flags & 2) addToStamp(packet, at + 9, ticks);
    if (flags === 3) addToStamp(packet, at + 14, ticks);
  }
  return stream;
}

/** Timestamps become stuffing, but for those of every n-th frame. */
export function unstamp(stream: Buffer, keepEvery: number): Buffer {
  for (const { packet, frame } of numbered(stream)) {
    const at = videoHeaderAt(packet);
    if (at < 0 || frame % keepEvery === 0) continue;
    const length = (packet[at + 8] as number) && ((packet[at + 7] as number) >> 6 === 3 ? 10 : 5);
    packet[at + 7] = (packet[at + 7] as number) & 0x3f;
    packet.fill(0xff, at + 9, at + 9 + length);
  }
  return stream;
}

/** PIDs of tables: PAT, SDT, and the first program's map where ffmpeg puts it. */
const TABLES = [0, 0x11, 0x1000];

/** Leaves out everything before a frame but the tables. */
export function begin(stream: Buffer, frame: number): Buffer {
  const kept = numbered(stream).filter((one) => one.frame >= frame || TABLES.includes(pidOf(one.packet)));
  return Buffer.concat(kept.map(({ packet }) => packet));
}

/** Leaves out the second packet of a frame. */
export function lose(stream: Buffer, frame: number): Buffer {
  const packets = numbered(stream);
  const first = packets.findIndex((one) => one.frame === frame);
  return Buffer.concat(packets.filter((_, i) => i !== first + 1).map(({ packet }) => packet));
}

/** A null packet behind every n-th one. */
export function stuff(stream: Buffer, every: number): Buffer {
  const nothing = Buffer.alloc(PACKET, 0xff);
  nothing.set([0x47, 0x1f, 0xff, 0x10]);
  return Buffer.concat(
    numbered(stream).flatMap(({ packet }, i) => (i % every === 0 ? [packet, nothing] : [packet])),
  );
}
