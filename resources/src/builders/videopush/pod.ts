/** The pod of a stream: decoder as native sidecar and encoder in one, or each alone. Pure. */
import { decoderCost, encoderCost } from '../cost.ts';
import { ANNOTATIONS, type Component, childLabels, DECODER, ENCODER, LABELS, POD_PATHS } from '../names.ts';
import { RESTRICTED_CONTAINER, RESTRICTED_POD, STAY, tolerations } from '../pod-security.ts';
import { containerResources } from '../resources.ts';
import type { StreamContext } from './context.ts';
import { streamShape } from './shape.ts';
import { podVolumes, type Role, volumeMounts } from './volumes.ts';

export interface PodTemplate {
  metadata: { labels: Record<string, string>; annotations: Record<string, string> };
  spec: Record<string, unknown>;
}

/** Seconds from SIGTERM to SIGKILL. The encoder ends first (25 s at most), then the sidecar gets its turn. */
const TERMINATION_SECONDS = 40;
const GRACE_SECONDS: Readonly<Record<Role, number>> = { decoder: 10, encoder: 25 };

const PORTS = { decoder: DECODER, encoder: ENCODER } as const;

export interface PodOptions {
  component: Component;
  roles: readonly Role[];
  restartPolicy: 'Always' | 'OnFailure';
  /** The hash of decoder.json: another one replaces the pod. */
  decoderHash: string;
}

export function podTemplate(context: StreamContext, options: PodOptions): PodTemplate {
  const { component, roles, restartPolicy, decoderHash } = options;
  const { push, defaults } = context;
  const { placement = {} } = push.spec;
  const set = push.metadata.labels?.[LABELS.set];
  const main = roles.at(-1) ?? 'encoder';
  const sidecars = roles.slice(0, -1);
  return {
    metadata: {
      // The set's, so that an autoscaler of the set finds the pods of its members.
      labels: { ...childLabels(push.metadata.name, component), ...(set && { [LABELS.set]: set }) },
      annotations: { ...STAY, [ANNOTATIONS.decoderConfig]: decoderHash },
    },
    spec: {
      ...RESTRICTED_POD,
      restartPolicy,
      terminationGracePeriodSeconds: TERMINATION_SECONDS,
      ...(defaults.imagePullSecrets.length > 0 && {
        imagePullSecrets: defaults.imagePullSecrets.map((name) => ({ name })),
      }),
      ...(placement.nodeSelector && { nodeSelector: placement.nodeSelector }),
      ...(placement.affinity && { affinity: placement.affinity }),
      ...(placement.priorityClassName && { priorityClassName: placement.priorityClassName }),
      tolerations: tolerations(placement.tolerations),
      ...(sidecars.length > 0 && {
        initContainers: sidecars.map((role) => ({ ...container(context, role), restartPolicy: 'Always' })),
      }),
      containers: [container(context, main)],
      volumes: podVolumes(context, roles),
    },
  };
}

function container(context: StreamContext, role: Role): Record<string, unknown> {
  const { push, defaults } = context;
  const { container: name, port, key } = PORTS[role];
  const shape = streamShape(push);
  const cost = role === 'decoder' ? decoderCost(shape) : encoderCost(shape);
  return {
    name,
    image: defaults.images.worker,
    imagePullPolicy: defaults.imagePullPolicy,
    args: ['--config', `${POD_PATHS.config}/${key}`, '--grace', String(GRACE_SECONDS[role])],
    ports: [{ name, containerPort: port, protocol: 'TCP' }],
    resources: containerResources(cost, push.spec.resources?.[role], `spec.resources.${role}`),
    securityContext: RESTRICTED_CONTAINER,
    volumeMounts: volumeMounts(context, role),
    ...probes(name),
  };
}

/**
 * Ready as soon as the role says so: status is known by it. A role that is restarted by its supervisor
 * answers nothing for up to 5 s, and one whose threads hang is ended after a minute. There is no start probe:
 * the encoder would wait for the source.
 */
function probes(port: string): Record<string, unknown> {
  return {
    readinessProbe: {
      httpGet: { path: '/readyz', port },
      periodSeconds: 2,
      timeoutSeconds: 2,
      failureThreshold: 2,
    },
    livenessProbe: {
      httpGet: { path: '/healthz', port },
      initialDelaySeconds: 20,
      periodSeconds: 10,
      timeoutSeconds: 5,
      failureThreshold: 6,
    },
  };
}
