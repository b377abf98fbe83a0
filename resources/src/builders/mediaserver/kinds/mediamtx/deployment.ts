/** The pod that a MediaServer runs in. Pure. */
import type { KubeObject } from '../../../../objects.ts';
import { ANNOTATIONS, childLabels, selectorLabels } from '../../../names.ts';
import { ORIGIN, serverOrigin } from '../../../origin.ts';
import { ownerReference } from '../../../owner.ts';
import { RESTRICTED_CONTAINER, RESTRICTED_POD, STAY, tolerations } from '../../../pod-security.ts';
import { serviceName } from '../../addresses.ts';
import { namespaceOf, type ServerContext } from '../../context.ts';
import { CONFIG_KEY, configName, RECORDINGS, settingsHash } from './config-map.ts';
import { INNER_PORTS, publicPorts } from './ports.ts';

const CONFIG_FOLDER = '/etc/mediamtx';
/** It ends by itself within 2 s. */
const TERMINATION_SECONDS = 10;

/**
 * Memory of the server, which copies packets: 50 MB when it is idle, and a few MB for each stream that is cut
 * into HLS segments. GOMEMLIMIT makes Go's garbage collector work harder before the limit is reached.
 */
const RESOURCES = {
  requests: { cpu: '100m', memory: '128Mi' },
  limits: { memory: '1Gi' },
} as const;
const COLLECTOR_LIMIT = '900MiB';

export function buildDeployment({ server, defaults }: ServerContext, config: string): KubeObject {
  const { name } = server.metadata;
  const labels = childLabels(name, 'media-server');
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: serviceName(name),
      namespace: namespaceOf(server),
      labels,
      annotations: { [ORIGIN]: JSON.stringify(serverOrigin({ server, defaults })) },
      ownerReferences: [ownerReference(server)],
    },
    spec: {
      replicas: 1,
      revisionHistoryLimit: 1,
      selector: { matchLabels: selectorLabels(name, 'media-server') },
      strategy: { type: 'Recreate' },
      template: {
        // Paths, users and recording are read from the file while the server runs,
        // so they do not replace the pod.
        metadata: { labels, annotations: { ...STAY, [ANNOTATIONS.serverSettings]: settingsHash(config) } },
        spec: {
          ...RESTRICTED_POD,
          restartPolicy: 'Always',
          terminationGracePeriodSeconds: TERMINATION_SECONDS,
          ...(defaults.imagePullSecrets.length > 0 && {
            imagePullSecrets: defaults.imagePullSecrets.map((secret) => ({ name: secret })),
          }),
          tolerations: tolerations(),
          containers: [container({ server, defaults })],
          volumes: volumes(server),
        },
      },
    },
  };
}

function container({
  server,
  defaults,
}: Pick<ServerContext, 'server' | 'defaults'>): Record<string, unknown> {
  const ports = [...publicPorts(server), ...INNER_PORTS];
  // MediaMTX opens the port of its API last, and does not log each connection to it as it does for RTSP.
  const probe = { tcpSocket: { port: 'api' }, timeoutSeconds: 2 };
  return {
    name: 'media-server',
    image: server.spec.image ?? defaults.images.mediaMtx,
    imagePullPolicy: defaults.imagePullPolicy,
    args: [`${CONFIG_FOLDER}/${CONFIG_KEY}`],
    env: [{ name: 'GOMEMLIMIT', value: COLLECTOR_LIMIT }],
    ports: ports.map(({ name, port, protocol, containerPort = port }) => ({ name, containerPort, protocol })),
    resources: RESOURCES,
    securityContext: RESTRICTED_CONTAINER,
    volumeMounts: [
      // The whole folder: a file that is mounted alone is never brought up to date.
      { name: 'config', mountPath: CONFIG_FOLDER, readOnly: true },
      ...(server.spec.recording ? [{ name: 'recordings', mountPath: RECORDINGS }] : []),
    ],
    readinessProbe: { ...probe, periodSeconds: 2, failureThreshold: 2 },
    livenessProbe: { ...probe, initialDelaySeconds: 20, periodSeconds: 10, failureThreshold: 6 },
  };
}

function volumes(server: ServerContext['server']): object[] {
  const claim = server.spec.recording?.persistentVolumeClaim?.claimName;
  return [
    { name: 'config', configMap: { name: configName(server.metadata.name), defaultMode: 0o440 } },
    ...(claim === undefined ? [] : [{ name: 'recordings', persistentVolumeClaim: { claimName: claim } }]),
  ];
}
