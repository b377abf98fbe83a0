/** A web server that offers one file as well or as badly as a recipe says. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Service } from './recipe.ts';

export interface Served extends AsyncDisposable {
  url: string;
}

/** @param name  of the file in the URL */
export async function serve(path: string, name: string, service: Service): Promise<Served> {
  const file = readFileSync(path);
  let broken = false;
  const server = createServer(async (request, response) => {
    const refused = refusalOf(request, service);
    if (refused !== null) {
      response.writeHead(refused).end('no');
      return;
    }
    const breaks = service.breaksAfter !== undefined && !broken;
    broken ||= breaks;
    await answer(request, response, file, service, breaks ? service.breaksAfter : undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const query = service.signed ? `?${service.signed}` : '';
  return {
    url: `http://127.0.0.1:${port}/${encodeURIComponent(name)}${query}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function refusalOf(request: IncomingMessage, { status, signed }: Service): number | null {
  if (status !== undefined) return status;
  if (signed === undefined) return null;
  const query = request.url?.split('?')[1];
  return request.method === 'GET' && query === signed ? null : 403;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  file: Buffer,
  service: Service,
  breaksAfter: number | undefined,
): Promise<void> {
  const { ranges = true, length = true, contentType = 'application/octet-stream', bytesPerSecond } = service;
  const range = ranges ? /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') : null;
  const from = Number(range?.[1] ?? 0);
  const to = range?.[2] ? Math.min(Number(range[2]), file.length - 1) : file.length - 1;
  if (from >= file.length) {
    response.writeHead(416, { 'content-range': `bytes */${file.length}` }).end();
    return;
  }
  response.writeHead(range ? 206 : 200, {
    'content-type': contentType,
    ...(ranges && { 'accept-ranges': 'bytes' }),
    ...(length && { 'content-length': to - from + 1 }),
    ...(range && { 'content-range': `bytes ${from}-${to}/${file.length}` }),
  });
  const body = file.subarray(from, to + 1);
  if (breaksAfter !== undefined) {
    response.write(body.subarray(0, breaksAfter), () => response.destroy());
  } else if (bytesPerSecond === undefined) {
    response.end(body);
  } else {
    await drip(response, body, bytesPerSecond);
  }
}

/** Twenty pieces a second. */
async function drip(response: ServerResponse, body: Buffer, bytesPerSecond: number): Promise<void> {
  const piece = Math.ceil(bytesPerSecond / 20);
  for (let at = 0; at < body.length && !response.destroyed; at += piece) {
    response.write(body.subarray(at, at + piece));
    await sleep(50);
  }
  response.end();
}
