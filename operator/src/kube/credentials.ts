/**
 * Address of the API server and credentials for it: in a cluster those of the pod's service account,
 * elsewhere those of a kubeconfig. @kubernetes/client-node reads both (client certificates, tokens, exec
 * plugins, OIDC); nothing else of it is used.
 */
import { KubeConfig } from '@kubernetes/client-node';
import { withoutUndefined } from '@videopush/resources/objects';
import { type Credentials, HttpTransport, type TransportOptions } from './transport.ts';

export interface ConnectOptions extends Pick<TransportOptions, 'connections' | 'timeout' | 'onAnswer'> {
  /** such as videopush-operator/0.1.0 */
  userAgent: string;
  /** a file; default: KUBECONFIG, ~/.kube/config, the pod's account, in this order */
  kubeconfig?: string;
  /** a context of the kubeconfig; default: its current one */
  context?: string;
}

/** How long credentials are used before files and plugins are asked again, milliseconds. */
const FRESH = 10_000;

/** There is no way to the API server. */
export class ConnectError extends Error {
  override readonly name = 'ConnectError';
  readonly code = 'ClusterUnknown';
  readonly action: string;

  constructor(message: string, action: string, options?: ErrorOptions) {
    super(message, options);
    this.action = action;
  }
}

/** Sends nothing. Rejects with ConnectError. */
export async function connect(options: ConnectOptions): Promise<HttpTransport> {
  const { kubeconfig, context, ...transport } = options;
  const config = load(kubeconfig, context);
  const cluster = config.getCurrentCluster();
  if (!cluster)
    throw new ConnectError('the kubeconfig names no cluster', 'choose a context: kubectl config use-context');
  if (cluster.proxyUrl)
    throw new ConnectError(
      `the cluster ${cluster.name} is behind a proxy (proxy-url), which is not supported`,
      'use a kubeconfig that reaches the API server directly',
    );
  return new HttpTransport({
    ...transport,
    server: new URL(cluster.server),
    credentials: fresh(() => credentialsOf(config)),
  });
}

function load(kubeconfig: string | undefined, context: string | undefined): KubeConfig {
  const config = new KubeConfig();
  try {
    if (kubeconfig) config.loadFromFile(kubeconfig);
    else config.loadFromDefault();
  } catch (cause) {
    const { message } = cause as Error;
    const action = 'check KUBECONFIG, and that kubectl works with it';
    throw new ConnectError(`the kubeconfig cannot be read: ${message}`, action, { cause });
  }
  if (context) config.setCurrentContext(context);
  return config;
}

/**
 * client-node reads the CA and client certificates from their files each time, a pod's token at most once a
 * minute, and runs an exec plugin when what it gave has run out.
 */
async function credentialsOf(config: KubeConfig): Promise<Credentials> {
  const cluster = config.getCurrentCluster();
  // Otherwise it refuses plain HTTP, which only a server on this very machine or a test speaks.
  if (cluster?.server.startsWith('http:')) Object.assign(cluster, { skipTLSVerify: true });
  const found: Parameters<KubeConfig['applyToHTTPSOptions']>[0] = {};
  await config.applyToHTTPSOptions(found);
  const { ca, cert, key, pfx, passphrase, servername, rejectUnauthorized, auth } = found;
  const headers: Record<string, string> = {};
  if (auth) headers.authorization = `Basic ${Buffer.from(auth).toString('base64')}`;
  for (const [name, value] of Object.entries(found.headers ?? {}))
    headers[name.toLowerCase()] = String(value).trim(); // a token file may end in a line feed
  const tls = { ca, cert, key, pfx, passphrase, servername, rejectUnauthorized };
  return { headers, ...withoutUndefined(tls) };
}

/** One reading for all requests of a while; one that fails is not kept. */
function fresh(read: () => Promise<Credentials>): () => Promise<Credentials> {
  let last: { at: number; credentials: Promise<Credentials> } | undefined;
  return () => {
    if (last && performance.now() - last.at < FRESH) return last.credentials;
    const reading = { at: performance.now(), credentials: read() };
    last = reading;
    reading.credentials.catch(() => {
      if (last === reading) last = undefined;
    });
    return reading.credentials;
  };
}
