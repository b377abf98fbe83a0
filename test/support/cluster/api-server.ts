/**
 * etcd and an API server alone, for tests of what talks to Kubernetes but runs no pod. Takes no root;
 * about 3 s.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../ports.ts';
import { Program } from '../program.ts';
import { AdminApi } from './api.ts';
import { type Client, clientOf } from './client.ts';
import type { StartOptions } from './cluster.ts';
import { apiServer, type Command, etcd } from './control-plane.ts';
import { ClusterError } from './errors.ts';
import { makePki, type Pki, writeKubeconfig } from './pki.ts';
import { closeOnSignals } from './signals.ts';

const READY_MILLISECONDS = 60_000;
const STOP_MILLISECONDS = 5_000;

export interface ApiServer {
  readonly kubeconfig: string;
  readonly kubectl: Client['kubectl'];
  close(): Promise<void>;
}

/** The kernel kills it when this process dies, however that comes about. */
function start({ file, args }: Command): Program {
  return new Program('setpriv', ['--pdeathsig', 'KILL', file, ...args], { limitMilliseconds: 0 });
}

/** @throws {ClusterError}; the signal's reason when it was aborted */
export async function startApiServer({ onLine = () => {}, signal }: StartOptions = {}): Promise<ApiServer> {
  const folder = mkdtempSync(join(tmpdir(), 'videopush-apiserver-'));
  const programs: Program[] = [];
  const close = async () => {
    forget();
    await Promise.all(programs.map((program) => program.stop(STOP_MILLISECONDS)));
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  const forget = closeOnSignals(close);
  try {
    const [client = 0, peer = 0, port = 0] = await freePorts(3);
    const pki = await makePki(join(folder, 'pki'), ['127.0.0.1'], signal);
    programs.push(start(etcd(folder, { client, peer })));
    const place = { etcdPort: client, bind: '127.0.0.1', port, serviceRange: '10.96.0.0/24' };
    programs.push(start(apiServer(folder, pki, place)));
    const server = `https://127.0.0.1:${port}`;
    await untilReady(server, pki, programs, signal);
    onLine(`API server ready at ${server}`);
    const kubeconfig = writeKubeconfig(join(folder, 'kubeconfig'), server, pki.authority, pki.admin);
    return { kubeconfig, kubectl: clientOf(kubeconfig, folder, false).kubectl, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function untilReady(
  server: string,
  pki: Pki,
  programs: readonly Program[],
  signal?: AbortSignal,
): Promise<void> {
  const ended = new AbortController();
  for (const program of programs) {
    void program.exited.then(() => {
      const details = { cause: program.tail(8), action: 'the lines above are its last ones' };
      ended.abort(new ClusterError('ProcessEnded', 'a process of the API server ended', details));
    });
  }
  const either = signal ? AbortSignal.any([signal, ended.signal]) : ended.signal;
  const api = new AdminApi(server, pki);
  try {
    const waiting = { limitMilliseconds: READY_MILLISECONDS, signal: either };
    await api.until('the API server is ready', '/readyz', () => true, waiting);
  } catch (error) {
    either.throwIfAborted();
    throw error;
  } finally {
    api.close();
  }
}
