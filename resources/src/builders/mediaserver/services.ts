/** The two Services of a MediaServer: one for publishers and viewers, one for its API and metrics. Pure. */
import type { KubeObject } from '../../objects.ts';
import { childLabels, selectorLabels } from '../names.ts';
import { ownerReference } from '../owner.ts';
import { apiServiceName, serviceName } from './addresses.ts';
import { namespaceOf, type ServerContext, type ServerPort } from './context.ts';

export function buildService({ server }: ServerContext, ports: readonly ServerPort[]): KubeObject {
  const { type = 'ClusterIP', annotations = {} } = server.spec.service ?? {};
  return service({
    server,
    name: serviceName(server.metadata.name),
    type,
    annotations,
    ports,
  });
}

/** A Service of its own: one with node ports or a load balancer would offer the API outside the cluster. */
export function buildApiService({ server }: ServerContext, ports: readonly ServerPort[]): KubeObject {
  return service({
    server,
    name: apiServiceName(server.metadata.name),
    type: 'ClusterIP',
    annotations: {},
    ports,
  });
}

interface ServiceOptions extends Pick<ServerContext, 'server'> {
  name: string;
  type: 'ClusterIP' | 'NodePort' | 'LoadBalancer';
  annotations: Record<string, string>;
  ports: readonly ServerPort[];
}

function service({ server, name, type, annotations, ports }: ServiceOptions): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name,
      namespace: namespaceOf(server),
      labels: childLabels(server.metadata.name, 'media-server'),
      ...(Object.keys(annotations).length > 0 && { annotations }),
      ownerReferences: [ownerReference(server)],
    },
    spec: {
      type,
      selector: selectorLabels(server.metadata.name, 'media-server'),
      ports: ports.map(({ containerPort: _, ...port }) => ({ ...port, targetPort: port.name })),
    },
  };
}
