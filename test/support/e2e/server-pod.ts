/** A small server in the namespace: a pod under the restricted Pod Security Standard, and its Service. */

export interface ServerPod {
  /** Of the pod, its container and the Service. */
  name: string;
  /** The container's image, port, command, memory and mounts. */
  container: Record<string, unknown>;
  memory: string;
  volumes: object[];
  /** Of the Service. */
  ports: object[];
}

export function serverPod({ name, container, memory, volumes, ports }: ServerPod): object[] {
  const labels = { app: name };
  return [
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, labels },
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
            name,
            imagePullPolicy: 'IfNotPresent',
            resources: { requests: { cpu: '10m', memory } },
            securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
            ...container,
          },
        ],
        volumes,
      },
    },
    { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { selector: labels, ports } },
  ];
}
