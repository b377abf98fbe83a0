/** A Service whose server is no pod but a process on the node. */

export interface OutsideService {
  name: string;
  address: string;
  clusterIP?: string;
  ports: { name: string; protocol: 'TCP' | 'UDP'; port: number; target: number }[];
}

const SERVICES = '/api/v1/namespaces/kube-system/services';
const SLICES = '/apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices';

/**
 * Its objects with the paths at which they are created: a Service without a
 * selector and its endpoint by hand.
 */
export function outsideService(service: OutsideService): { path: string; body: unknown }[] {
  const { name, address, clusterIP, ports } = service;
  const metadata = { name, namespace: 'kube-system' };
  return [
    {
      path: SERVICES,
      body: {
        apiVersion: 'v1',
        kind: 'Service',
        metadata,
        spec: {
          ...(clusterIP ? { clusterIP } : {}),
          ports: ports.map(({ target, ...port }) => ({ ...port, targetPort: target })),
        },
      },
    },
    {
      path: SLICES,
      body: {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { ...metadata, labels: { 'kubernetes.io/service-name': name } },
        addressType: 'IPv4',
        endpoints: [{ addresses: [address], conditions: { ready: true } }],
        ports: ports.map(({ target, name: port, protocol }) => ({ name: port, protocol, port: target })),
      },
    },
  ];
}
