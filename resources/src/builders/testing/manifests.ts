/**
 * For tests of builders: resources as a cluster would hand them over, and ways to look into what is built.
 */

import type { KubeObject } from '../../objects.ts';
import { validateManifest } from '../../schema/manifest.ts';
import type { MediaServer } from '../../schema/media-server.generated.ts';
import type { VideoPush } from '../../schema/video-push.generated.ts';

const apiVersion = 'videopush.dev/v1alpha1';
type Metadata = VideoPush['metadata'];

/** A test pattern to an RTSP server, with what is given over it. */
export function somePush(spec: Partial<VideoPush['spec']> = {}, metadata: Partial<Metadata> = {}): VideoPush {
  return validateManifest({
    apiVersion,
    kind: 'VideoPush',
    metadata: { name: 'demo', namespace: 'studio', uid: 'push-uid', ...metadata },
    spec: {
      source: { testPattern: {} },
      outputs: [{ name: 'main', url: 'rtsp://server.example/demo' }],
      ...spec,
    },
  }) as VideoPush;
}

export function someServer(spec: MediaServer['spec'] = {}, metadata: Partial<Metadata> = {}): MediaServer {
  return validateManifest({
    apiVersion,
    kind: 'MediaServer',
    metadata: { name: 'live', namespace: 'studio', uid: 'server-uid', ...metadata },
    spec,
  }) as MediaServer;
}

export interface Container {
  name: string;
  image: string;
  args: string[];
  env?: object[];
  ports: { name: string; containerPort: number }[];
  resources: { requests: Record<string, string>; limits: Record<string, string> };
  securityContext: Record<string, unknown>;
  volumeMounts: { name: string; mountPath: string; readOnly?: boolean }[];
  readinessProbe: Record<string, unknown>;
  livenessProbe: Record<string, unknown>;
  startupProbe?: object;
  restartPolicy?: string;
}

export interface Volume {
  name: string;
  emptyDir?: { medium?: string; sizeLimit?: string };
  configMap?: { name: string; defaultMode?: number };
  secret?: { secretName: string; items: { key: string }[]; optional?: boolean; defaultMode?: number };
  persistentVolumeClaim?: { claimName: string; readOnly?: boolean };
}

export interface Pod {
  metadata: { labels: Record<string, string>; annotations: Record<string, string> };
  spec: {
    initContainers?: Container[];
    containers: Container[];
    volumes: Volume[];
    securityContext: Record<string, unknown>;
    tolerations: Record<string, unknown>[];
    [field: string]: unknown;
  };
}

/** The pod template of a Job or Deployment. */
export const podOf = (workload: KubeObject): Pod => (workload.spec as { template: Pod }).template;

/** Its containers in the order in which they start. */
export const containersOf = ({ spec }: Pod): Container[] => [
  ...(spec.initContainers ?? []),
  ...spec.containers,
];

export function only<T>(items: readonly T[]): T {
  const [item] = items;
  if (items.length !== 1 || item === undefined)
    throw new Error(`${items.length} items where one was expected`);
  return item;
}
