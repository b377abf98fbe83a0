/** A MediaMTX in the test's namespace that takes RTMP by TLS alone, with the certificate that it is given. */
import { readFileSync } from 'node:fs';
import { type OwnAuthority, ownAuthority } from '../certificates.ts';
import { Scratch } from '../tools.ts';
import type { TestNamespace } from './namespace.ts';
import { serverPod } from './server-pod.ts';

const NAME = 'rtmps';
const PORT = 1936;
const FOLDER = '/server';

/** Everyone may publish and read, at every path. */
const CONFIG = {
  logLevel: 'info',
  rtsp: false,
  hls: false,
  webrtc: false,
  srt: false,
  moq: false,
  rtmp: true,
  rtmpEncryption: 'strict',
  rtmpsAddress: `:${PORT}`,
  rtmpServerCert: `${FOLDER}/certificate`,
  rtmpServerKey: `${FOLDER}/key`,
  authInternalUsers: [{ user: 'any', permissions: [{ action: 'publish' }] }],
  paths: { all_others: {} },
};

/** The name of the Secret with the server's authority, as `caSecretRef` takes it. */
export const AUTHORITY = `${NAME}-authority`;

/** The objects of the server: a pod of `image` (MediaMTX) and its Service. */
export function rtmpsServer(image: string, files: OwnAuthority): object[] {
  const secret = (name: string, stringData: Record<string, string>): object => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name },
    stringData,
  });
  return [
    secret(AUTHORITY, { 'ca.crt': readFileSync(files.authority, 'utf8') }),
    secret(NAME, {
      // YAML is a superset of JSON.
      config: JSON.stringify(CONFIG),
      certificate: readFileSync(files.certificate, 'utf8'),
      key: readFileSync(files.key, 'utf8'),
    }),
    ...serverPod({
      name: NAME,
      memory: '32Mi',
      container: {
        image,
        args: [`${FOLDER}/config`],
        readinessProbe: { tcpSocket: { port: PORT }, periodSeconds: 1 },
        volumeMounts: [{ name: 'files', mountPath: FOLDER, readOnly: true }],
      },
      volumes: [{ name: 'files', secret: { secretName: NAME } }],
      ports: [{ port: PORT }],
    }),
  ];
}

/** Starts the server under an authority of its own. Resolves with the URL of a path on it. */
export async function startRtmpsServer(
  fixture: TestNamespace,
  image: string,
): Promise<(path: string) => string> {
  using scratch = new Scratch();
  const host = `${NAME}.${fixture.namespace}.svc`;
  await fixture.apply(rtmpsServer(image, await ownAuthority(scratch, `DNS:${host}`)));
  await fixture.kubectl(['wait', '--for=condition=Ready', `pod/${NAME}`, '--timeout=30s']);
  return (path) => `rtmps://${host}:${PORT}/${path}`;
}
