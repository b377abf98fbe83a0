/** TCP ports that nothing listens on. */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Below the range from which the system takes ports for outgoing connections:
 * nobody is given these by chance.
 */
const LOWEST_PORT = 10_000;
const HIGHEST_PORT = 32_000;

/** Whether a server could listen on `port` now: of `host`, or of every address. */
export function isFree(port: number, host?: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host }, () => server.close(() => resolve(true)));
  });
}

/** Distinct TCP ports of the loopback that are free now. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = randomInt(LOWEST_PORT, HIGHEST_PORT);
    if (await isFree(port, '127.0.0.1')) ports.add(port);
  }
  return [...ports];
}
