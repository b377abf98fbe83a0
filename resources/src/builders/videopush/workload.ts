/** What runs a stream's pods: a Job for a source with an end, else a Deployment of one. Pure. */

import type { KubeObject } from '../../objects.ts';
import type { VideoPush } from '../../schema/video-push.generated.ts';
import { type Component, childLabels, childName, selectorLabels } from '../names.ts';
import { ownerReference } from '../owner.ts';
import { effectiveOnEnd } from '../worker-config.ts';
import { namespaceOf, type StreamContext } from './context.ts';
import { type PodTemplate, podTemplate } from './pod.ts';
import type { Role } from './volumes.ts';

/** The largest limit of a Job: a stream is tried again until somebody ends it. */
const BACKOFF_LIMIT = 2_147_483_647;

export const runsToEnd = ({ spec }: VideoPush): boolean => effectiveOnEnd(spec.source) === 'Complete';

export interface WorkloadOptions {
  component: Exclude<Component, 'media-server'>;
  roles: readonly Role[];
  kind: 'Job' | 'Deployment';
  decoderHash: string;
  /** Nothing runs, the object stays. */
  stopped: boolean;
}

export function workload(context: StreamContext, options: WorkloadOptions): KubeObject {
  const { component, roles, kind, decoderHash, stopped } = options;
  const { push } = context;
  const { name } = push.metadata;
  const restartPolicy = kind === 'Job' ? 'OnFailure' : 'Always';
  const template = podTemplate(context, { component, roles, restartPolicy, decoderHash });
  return {
    apiVersion: kind === 'Job' ? 'batch/v1' : 'apps/v1',
    kind,
    metadata: {
      name: childName(name, component),
      namespace: namespaceOf(push),
      labels: childLabels(name, component),
      ownerReferences: [ownerReference(push)],
    },
    spec: kind === 'Job' ? jobSpec(template, stopped) : deploymentSpec(push, component, template, stopped),
  };
}

/** A replacement starts only when its predecessor has ended: two publishers of one path would fight. */
function jobSpec(template: PodTemplate, stopped: boolean): Record<string, unknown> {
  return {
    completions: 1,
    parallelism: 1,
    backoffLimit: BACKOFF_LIMIT,
    podReplacementPolicy: 'Failed',
    suspend: stopped,
    template,
  };
}

function deploymentSpec(
  { metadata: { name } }: VideoPush,
  component: Component,
  template: PodTemplate,
  stopped: boolean,
): Record<string, unknown> {
  return {
    replicas: stopped ? 0 : 1,
    revisionHistoryLimit: 1,
    selector: { matchLabels: selectorLabels(name, component) },
    strategy: { type: 'Recreate' },
    template,
  };
}
