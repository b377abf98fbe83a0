/**
 * The certificates of a cluster, made by openssl for this run alone, and the configurations of its clients.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execute } from './command.ts';

const DAYS = '30';
const CURVE = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc'];

/** A certificate and its key, by the paths of their PEM files. */
export interface Identity {
  certificate: string;
  key: string;
}

export interface Pki {
  readonly authority: Identity;
  readonly apiServer: Identity;
  /** The API server as a client of the kubelet. */
  readonly kubeletClient: Identity;
  readonly serviceAccounts: { key: string; publicKey: string };
  /** Signs the API server's own certificate towards aggregated APIs. */
  readonly frontProxyAuthority: Identity;
  readonly frontProxy: Identity;
  readonly admin: Identity;
}

export interface NodePki extends Pki {
  readonly controllerManager: Identity;
  readonly scheduler: Identity;
  readonly kubeProxy: Identity;
  readonly kubelet: Identity;
  readonly metrics: Identity;
}

/** @param folder exists or is made */
function issuer(folder: string, signal?: AbortSignal) {
  mkdirSync(folder, { recursive: true });
  // openssl's own configuration would add extensions that only an authority may have.
  const config = join(folder, 'openssl.cnf');
  writeFileSync(config, '[req]\ndistinguished_name = subject\n[subject]\n');
  const openssl = (args: string[]) =>
    execute('openssl', args, { limitMilliseconds: 20_000, ...(signal ? { signal } : {}) });
  const place = (name: string): Identity => ({
    certificate: join(folder, `${name}.crt`),
    key: join(folder, `${name}.key`),
  });
  const request = (name: string, subject: string, more: string[]) => {
    const { certificate, key } = place(name);
    const files = ['-config', config, '-keyout', key, '-out', certificate, '-days', DAYS, '-subj', subject];
    return openssl(['req', '-x509', ...CURVE, ...files, ...more]).then(() => place(name));
  };
  return {
    authority: (name: string) =>
      request(name, `/CN=${name}`, [
        ...['-addext', 'basicConstraints=critical,CA:TRUE'],
        ...['-addext', 'keyUsage=critical,digitalSignature,keyCertSign,cRLSign'],
        ...['-addext', 'subjectKeyIdentifier=hash'],
      ]),
    /** @param names `DNS:…` and `IP:…` of a server; empty for a mere client */
    identity: (by: Identity, name: string, subject: string, names: string[] = []) =>
      request(name, subject, [
        ...['-CA', by.certificate, '-CAkey', by.key],
        ...['-addext', 'basicConstraints=critical,CA:FALSE'],
        ...['-addext', 'keyUsage=critical,digitalSignature'],
        ...['-addext', `extendedKeyUsage=clientAuth${names.length > 0 ? ',serverAuth' : ''}`],
        ...(names.length > 0 ? ['-addext', `subjectAltName=${names.join(',')}`] : []),
      ]),
    async keyPair(name: string) {
      const [key, publicKey] = [join(folder, `${name}.key`), join(folder, `${name}.pub`)];
      await openssl(['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-out', key]);
      await openssl(['pkey', '-in', key, '-pubout', '-out', publicKey]);
      return { key, publicKey };
    },
  };
}

type Issuer = ReturnType<typeof issuer>;

async function commonPki(make: Issuer, addresses: readonly string[]): Promise<Pki> {
  const [authority, frontProxyAuthority] = await Promise.all([
    make.authority('kubernetes'),
    make.authority('front-proxy'),
  ]);
  const short = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc'];
  const names = [...short, 'kubernetes.default.svc.cluster.local', 'localhost'].map((name) => `DNS:${name}`);
  const servers = [...names, ...addresses.map((address) => `IP:${address}`)];
  const [apiServer, kubeletClient, frontProxy, admin, serviceAccounts] = await Promise.all([
    make.identity(authority, 'apiserver', '/CN=kube-apiserver', servers),
    make.identity(authority, 'apiserver-kubelet', '/O=system:masters/CN=apiserver-kubelet'),
    make.identity(frontProxyAuthority, 'front-proxy-client', '/CN=front-proxy-client'),
    make.identity(authority, 'admin', '/O=system:masters/CN=admin'),
    make.keyPair('service-accounts'),
  ]);
  return { authority, frontProxyAuthority, apiServer, kubeletClient, frontProxy, admin, serviceAccounts };
}

/**
 * What etcd and an API server alone need; about 0.1 s.
 * @param addresses at which the API server is reached
 */
export async function makePki(
  folder: string,
  addresses: readonly string[],
  signal?: AbortSignal,
): Promise<Pki> {
  return commonPki(issuer(folder, signal), addresses);
}

/** What a whole node needs; about 0.3 s. */
export async function makeNodePki(
  folder: string,
  node: { name: string; address: string; kubernetes: string },
  signal?: AbortSignal,
): Promise<NodePki> {
  const make = issuer(folder, signal);
  const common = await commonPki(make, ['127.0.0.1', node.kubernetes, node.address]);
  const by = common.authority;
  const metricsNames = ['DNS:metrics-server.kube-system.svc', `IP:${node.address}`];
  const [controllerManager, scheduler, kubeProxy, kubelet, metrics] = await Promise.all([
    make.identity(by, 'controller-manager', '/CN=system:kube-controller-manager'),
    make.identity(by, 'scheduler', '/CN=system:kube-scheduler'),
    make.identity(by, 'kube-proxy', '/CN=system:kube-proxy'),
    kubeletIdentity(make, by, node),
    make.identity(by, 'metrics-server', '/CN=metrics-server', metricsNames),
  ]);
  return { ...common, controllerManager, scheduler, kubeProxy, kubelet, metrics };
}

const kubeletIdentity = (make: Issuer, by: Identity, node: { name: string; address: string }) =>
  make.identity(by, 'kubelet', `/O=system:nodes/CN=system:node:${node.name}`, [
    `DNS:${node.name}`,
    `IP:${node.address}`,
  ]);

/** What a further node of a cluster needs of its own. @param authority the cluster's */
export async function makeKubeletIdentity(
  folder: string,
  authority: Identity,
  node: { name: string; address: string },
  signal?: AbortSignal,
): Promise<Identity> {
  return kubeletIdentity(issuer(folder, signal), authority, node);
}

/**
 * Writes a client's configuration with its certificate in it, so that the file can be copied.
 * @param server e.g. `https://10.0.0.1:6443`
 */
export function writeKubeconfig(
  path: string,
  server: string,
  authority: Identity,
  identity: Identity,
): string {
  const data = (file: string) => readFileSync(file).toString('base64');
  const name = 'videopush-test';
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server, 'certificate-authority-data': data(authority.certificate) } }],
    users: [
      {
        name,
        user: {
          'client-certificate-data': data(identity.certificate),
          'client-key-data': data(identity.key),
        },
      },
    ],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  };
  // YAML is a superset of JSON.
  writeFileSync(path, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
  return path;
}
