/** A small web server in the test's namespace that serves stamped clips, as seekable sources by URL. */

import { readFileSync } from 'node:fs';
import { kubernetesTool } from '../../../scripts/paths.mjs';
import { start } from '../program.ts';
import type { TestNamespace } from './namespace.ts';
import { serverPod } from './server-pod.ts';

const NAME = 'clips';

/** Creates the pod and its Service; `image` must contain busybox. */
export async function startClips(fixture: TestNamespace, image: string): Promise<void> {
  await fixture.apply(
    serverPod({
      name: NAME,
      memory: '16Mi',
      container: {
        image,
        command: ['busybox', 'httpd', '-f', '-p', '8080', '-h', '/clips'],
        volumeMounts: [{ name: 'clips', mountPath: '/clips' }],
      },
      volumes: [{ name: 'clips', emptyDir: {} }],
      ports: [{ port: 80, targetPort: 8080 }],
    }),
  );
  await fixture.kubectl(['wait', '--for=condition=Ready', `pod/${NAME}`, '--timeout=60s']);
}

/** Copies a file to the web server; resolves with its URL inside the cluster. */
export async function addClip(fixture: TestNamespace, file: string, name: string): Promise<string> {
  const content = readFileSync(file);
  // The pod counts bytes instead of reading to the end: kubectl drops data in transit when its input ends.
  const receive = `busybox head -c ${content.length} > /clips/.part && busybox mv /clips/.part /clips/${name}`;
  await execWithInput(fixture, ['exec', '-i', NAME, '--', 'busybox', 'sh', '-c', receive], content);
  return `http://${NAME}.${fixture.namespace}.svc/${name}`;
}

async function execWithInput(fixture: TestNamespace, args: string[], input: Buffer): Promise<void> {
  const { child, ended } = start(kubernetesTool('kubectl'), ['-n', fixture.namespace, ...args], {
    env: { ...process.env, KUBECONFIG: fixture.cluster.kubeconfig },
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
