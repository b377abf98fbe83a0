/** Ports that nothing listens on. */

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { freePorts } from '../../codec-worker/src/local/places.ts';

export { freePorts };

export async function freePort(): Promise<number> {
  return (await freePorts(1))[0] as number;
}

/** An even UDP port that is free together with the next, as RTP and RTCP want them. Returns the even one. */
export async function freePortPair(): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const first = createSocket('udp4');
    first.bind(0, '127.0.0.1');
    await once(first, 'listening');
    const { port } = first.address();
    const second = createSocket('udp4');
    const other = port % 2 === 0 ? port + 1 : port - 1;
    const free = await new Promise<boolean>((resolve) => {
      second.once('error', () => resolve(false));
      second.bind(other, '127.0.0.1', () => resolve(true));
    });
    first.close();
    second.close();
    if (free) return Math.min(port, other);
  }
  throw new Error('no two neighbouring UDP ports are free');
}
