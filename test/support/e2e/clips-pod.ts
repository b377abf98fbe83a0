/** A small web server in the test's namespace that holds stamped clips: a source by URL that can be sought in. */

import { readFileSync } from 'node:fs';
import { kubernetesTool } from '../../../scripts/paths.mjs';
import { start } from '../program.ts';
import type { TestNamespace } from './namespace.ts';

const NAME = 'clips';

/** The pod and its Service; `image` has busybox. */
export async function startClips(world: TestNamespace, image: string): Promise<void> {
  const labels = { app: NAME };
  await world.apply([
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: NAME, labels },
      spec: {
        automountServiceAccountToken: false,
        terminationGracePeriodSeconds: 1,
        securityContext: {
          runAsNonRoot: true,
          runAsUser: 1000,
          fsGroup: 1000,
          seccompProfile: { type: 'RuntimeDefault' },
        },
        containers: [
          {
            name: NAME,
            image,
            imagePullPolicy: 'IfNotPresent',
            command: ['busybox', 'httpd', '-f', '-p', '8080', '-h', '/clips'],
            resources: { requests: { cpu: '10m', memory: '16Mi' } },
            securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
            volumeMounts: [{ name: 'clips', mountPath: '/clips' }],
          },
        ],
        volumes: [{ name: 'clips', emptyDir: {} }],
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: NAME },
      spec: { selector: labels, ports: [{ port: 80, targetPort: 8080 }] },
    },
  ]);
  await world.kubectl(['wait', '--for=condition=Ready', `pod/${NAME}`, '--timeout=60s']);
}

/** Puts a file there; resolves with its URL inside of the cluster. */
export async function addClip(world: TestNamespace, file: string, name: string): Promise<string> {
  const content = readFileSync(file);
  // By its length and not by an end of the input: kubectl drops what is still on its way when its input ends.
  const receive = `busybox head -c ${content.length} > /clips/.part && busybox mv /clips/.part /clips/${name}`;
  await execWithInput(world, ['exec', '-i', NAME, '--', 'busybox', 'sh', '-c', receive], content);
  return `http://${NAME}.${world.namespace}.svc/${name}`;
}

async function execWithInput(world: TestNamespace, args: string[], input: Buffer): Promise<void> {
  const { child, ended } = start(kubernetesTool('kubectl'), ['-n', world.namespace, ...args], {
    env: { ...process.env, KUBECONFIG: world.cluster.kubeconfig },
    stdio: ['pipe', 'ignore', 'pipe'],
    timeout: 60_000,
  });
  let trouble = '';
  child.stderr?.on('data', (text) => {
    trouble += text;
  });
  child.stdin?.on('error', () => {});
  child.stdin?.write(input);
  const { code } = await ended;
  child.stdin?.destroy();
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${trouble}`);
}
