/** Derives the state of a media server from its pod. Pure. */
import { REASONS } from '@videopush/resources/builders/conditions';
import type { KubeObject } from '@videopush/resources/objects';
import type { Problem } from '../shared/problem.ts';

/** core/v1 Pod, as far as it is read. */
export interface ServerPod extends KubeObject {
  spec?: { nodeName?: string; containers?: { name: string; image?: string }[] };
  status?: {
    phase?: string;
    podIP?: string;
    /** address of the node */
    hostIP?: string;
    conditions?: { type: string; status: string; reason?: string; message?: string }[];
    containerStatuses?: ContainerState[];
  };
}

interface ContainerState {
  ready?: boolean;
  restartCount?: number;
  state?: { waiting?: { reason?: string; message?: string }; running?: object };
  lastState?: { terminated?: { exitCode?: number; reason?: string } };
}

const IMAGE_REASONS = ['ErrImagePull', 'ImagePullBackOff', 'ErrImageNeverPull', 'InvalidImageName'];
const CONFIG_REASONS = ['CreateContainerConfigError', 'CreateContainerError', 'RunContainerError'];
/** 128 + SIGKILL: not every runtime notices why. */
const KILLED = 137;

/** The youngest that is not on its way out. */
export function currentPod(pods: readonly ServerPod[]): ServerPod | null {
  const alive = pods.filter(
    ({ metadata, status }) =>
      metadata.deletionTimestamp === undefined && status?.phase !== 'Succeeded' && status?.phase !== 'Failed',
  );
  const age = ({ metadata: { creationTimestamp = '', name } }: ServerPod): string =>
    `${creationTimestamp} ${name}`;
  return alive.sort((a, b) => age(a).localeCompare(age(b))).at(-1) ?? null;
}

const containerOf = ({ status }: ServerPod): ContainerState | undefined => status?.containerStatuses?.[0];

/** Its port takes connections. */
export const isReady = (pod: ServerPod): boolean => containerOf(pod)?.ready === true;

/** The address of the API of the server in `pod`; undefined while the container does not run. */
export function apiAddress(pod: ServerPod | null): string | undefined {
  return pod && containerOf(pod)?.state?.running ? pod.status?.podIP : undefined;
}

/** Why the pod does not run. null: nothing speaks against it. */
export function podProblem(pod: ServerPod): Problem | null {
  return unschedulable(pod) ?? waiting(pod);
}

function unschedulable({ status }: ServerPod): Problem | null {
  const placed = status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (placed?.status !== 'False' || placed.reason !== 'Unschedulable') return null;
  const why = placed.message ?? 'no node takes the pod';
  const claim = /persistentvolumeclaim "([^"]+)" (?:not found|is being deleted)/.exec(why)?.[1];
  return claim
    ? problem(
        REASONS.claimMissing,
        `PersistentVolumeClaim "${claim}" for the recordings does not exist in this namespace`,
      )
    : problem(REASONS.unschedulable, `No node takes the server's pod: ${why}`);
}

function waiting(pod: ServerPod): Problem | null {
  const { state, lastState } = containerOf(pod) ?? {};
  const { reason = '', message = '' } = state?.waiting ?? {};
  const image = pod.spec?.containers?.[0]?.image ?? '';
  if (IMAGE_REASONS.includes(reason)) {
    return problem(
      REASONS.imageUnavailable,
      `Image "${image}" cannot be had; check its name and the pull secrets`,
    );
  }
  if (CONFIG_REASONS.includes(reason)) return problem(reason, `The server cannot start: ${message}`);
  if (reason !== 'CrashLoopBackOff') return null;
  const { exitCode, reason: ended } = lastState?.terminated ?? {};
  if (ended === 'OOMKilled' || exitCode === KILLED) {
    return problem(
      REASONS.outOfMemory,
      'The server was killed, most likely because it used more memory than its limit',
      true,
    );
  }
  return problem(
    REASONS.crashLoop,
    `The server ends again and again with exit code ${exitCode ?? 'unknown'}; see the log of its pod`,
    true,
  );
}

const problem = (reason: string, message: string, stalled = false): Problem => ({ reason, message, stalled });
