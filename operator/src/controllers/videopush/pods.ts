/** Derives the state of a stream's two roles from its pods. Pure. */

import { REASONS } from '@videopush/resources/builders/conditions';
import { DECODER, ENCODER } from '@videopush/resources/builders/names';
import type { KubeObject, ObjectMeta } from '@videopush/resources/objects';
import { isTerminating } from '../shared/ownership.ts';
import { type Problem, sentence } from '../shared/problem.ts';
import type { Role, WorkerFacts } from '../workers/worker-facts.ts';

/** core/v1 Pod, as far as it is read. */
export interface Pod extends KubeObject {
  metadata: ObjectMeta;
  spec?: { nodeName?: string; containers?: PodContainer[]; initContainers?: PodContainer[] };
  status?: {
    phase?: string;
    podIP?: string;
    conditions?: { type: string; status: string; reason?: string; message?: string }[];
    containerStatuses?: ContainerStatus[];
    initContainerStatuses?: ContainerStatus[];
  };
}

interface PodContainer {
  name: string;
  image?: string;
  resources?: { limits?: Record<string, unknown> };
}

interface Ending {
  exitCode?: number;
  reason?: string;
  message?: string;
}

export interface ContainerStatus {
  name: string;
  ready?: boolean;
  restartCount?: number;
  containerID?: string;
  state?: { waiting?: { reason?: string; message?: string }; running?: object; terminated?: Ending };
  lastState?: { terminated?: Ending };
}

/** One role of a stream as its pod and its own page show it. */
export interface RoleView {
  role: Role;
  pod: Pod | null;
  /** status of the container; null until the kubelet has reported it */
  status: ContainerStatus | null;
  facts: WorkerFacts | null;
  ready: boolean;
  problem: Problem | null;
}

const CONTAINER: Record<Role, string> = { decoder: DECODER.container, encoder: ENCODER.container };

const IMAGE_REASONS = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'ErrImageNeverPull',
  'InvalidImageName',
  'ImageInspectError',
  'RegistryUnavailable',
  'SignatureValidationFailed',
]);
const CONFIG_REASONS = new Set(['CreateContainerConfigError', 'CreateContainerError', 'RunContainerError']);
/** 128 + SIGKILL. */
const KILLED = 137;
/** Roles that are killed this often in the first half of a minute are killed for their memory. */
const KILLED_OFTEN = 2;

export function containerOf(pod: Pod, role: Role): PodContainer | undefined {
  const { containers = [], initContainers = [] } = pod.spec ?? {};
  return [...initContainers, ...containers].find(({ name }) => name === CONTAINER[role]);
}

export function containerStatus(pod: Pod, role: Role): ContainerStatus | null {
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
  const all = [...initContainerStatuses, ...containerStatuses];
  return all.find(({ name }) => name === CONTAINER[role]) ?? null;
}

/** Its containers have ended and none begins again. */
export const isOver = ({ status }: Pod): boolean =>
  status?.phase === 'Succeeded' || status?.phase === 'Failed';

export const hasSucceeded = ({ status }: Pod): boolean => status?.phase === 'Succeeded';

/** The pod in which the role is at work or about to be: the youngest that is not on its way out. */
export function podOf(pods: readonly Pod[], role: Role): Pod | null {
  const mine = pods.filter((pod) => containerOf(pod, role) && !isTerminating(pod) && !isOver(pod));
  return mine.sort(byAge).at(-1) ?? null;
}

const byAge = (a: Pod, b: Pod): number =>
  (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? '') ||
  a.metadata.name.localeCompare(b.metadata.name);

export function roleView(pods: readonly Pod[], role: Role, facts: WorkerFacts | null): RoleView {
  const pod = podOf(pods, role);
  const status = pod && containerStatus(pod, role);
  const running = pod !== null && status?.state?.running !== undefined;
  // The page was asked when the probe's word last changed, so it is the newer one of the two.
  const ready = running && (facts ? facts.ready.ok : status?.ready === true && !isCutOff(pod));
  return { role, pod, status, facts, ready, problem: pod && findProblem(pod, role, facts, ready) };
}

/** Its containers were ready when they were last heard of, and the cluster has given its node up since. */
function isCutOff({ status }: Pod): boolean {
  const { conditions = [], containerStatuses = [], initContainerStatuses = [] } = status ?? {};
  const ready = [...initContainerStatuses, ...containerStatuses].every((container) => container.ready);
  return ready && conditions.some(({ type, status }) => type === 'Ready' && status === 'False');
}

function findProblem(pod: Pod, role: Role, facts: WorkerFacts | null, ready: boolean): Problem | null {
  return (
    unschedulable(pod) ??
    lostNode(pod, facts) ??
    waitingProblem(pod, role) ??
    memoryProblem(pod, role, facts, ready) ??
    ownFault(facts, ready)
  );
}

function unschedulable({ status }: Pod): Problem | null {
  const condition = status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (condition?.status !== 'False' || condition.reason !== 'Unschedulable') return null;
  const why = condition.message ?? 'no node takes the pod';
  const claim = /persistentvolumeclaim "([^"]+)" (?:not found|is being deleted)/.exec(why)?.[1];
  if (claim)
    return {
      reason: REASONS.claimMissing,
      message: `PersistentVolumeClaim "${claim}" does not exist in this namespace; the stream starts when it does`,
      stalled: false,
    };
  return { reason: REASONS.unschedulable, message: `No node takes the pod: ${why}`, stalled: false };
}

function lostNode(pod: Pod, facts: WorkerFacts | null): Problem | null {
  if (facts || !isCutOff(pod)) return null;
  return nodeUnreachable(pod, 'the pod is created again elsewhere when the cluster gives it up');
}

/**
 * A pod that the cluster has given up with its node, and that nobody has seen end: a Job starts no other one
 * beside it, since two would publish at once.
 */
export function givenUp(pods: readonly Pod[]): Problem | null {
  const pod = pods.find((pod) => isTerminating(pod) && !isOver(pod) && isCutOff(pod));
  if (!pod) return null;
  const action = `if it will not return, run: kubectl delete node ${pod.spec?.nodeName}`;
  return nodeUnreachable(pod, `the pod on it may still run, so no other one starts yet; ${action}`);
}

const nodeUnreachable = (pod: Pod, consequence: string): Problem => ({
  reason: REASONS.nodeUnreachable,
  message: `Node "${pod.spec?.nodeName}" does not answer; ${consequence}`,
  stalled: false,
});

function waitingProblem(pod: Pod, role: Role): Problem | null {
  const status = containerStatus(pod, role);
  const { reason = '', message = '' } = status?.state?.waiting ?? {};
  if (IMAGE_REASONS.has(reason)) {
    const image = containerOf(pod, role)?.image ?? '';
    const message = `Image "${image}" of the ${role} cannot be had; check its name and the pull secrets`;
    return { reason: REASONS.imageUnavailable, message, stalled: false };
  }
  if (CONFIG_REASONS.has(reason))
    return { reason, message: `The ${role} cannot start: ${message}`, stalled: false };
  if (reason !== 'CrashLoopBackOff') return null;
  const last = status?.lastState?.terminated;
  if (outOfMemory(last)) return memoryWords(role);
  const cause = last?.message?.trim() ? `: ${last.message.trim()}` : '; see its log';
  return {
    reason: REASONS.crashLoop,
    message: `The ${role} ends again and again with exit code ${last?.exitCode ?? 'unknown'}${cause}`,
    stalled: true,
  };
}

/**
 * The problem of a role that lacks memory: the kernel killed its container, or, where it does not kill whole
 * cgroups, only the process in it.
 */
function memoryProblem(pod: Pod, role: Role, facts: WorkerFacts | null, ready: boolean): Problem | null {
  if (facts?.killed && facts.young && facts.restarts >= KILLED_OFTEN) return memoryWords(role);
  if (ready || facts?.fault) return null;
  const status = containerStatus(pod, role);
  const ended = outOfMemory(status?.state?.terminated) || outOfMemory(status?.lastState?.terminated);
  return ended || facts?.killed ? memoryWords(role) : null;
}

/** A runtime does not always notice why a process was killed: exit code 137 alone counts as well. */
function outOfMemory(ending: Ending | undefined): boolean {
  return ending?.reason === 'OOMKilled' || ending?.exitCode === KILLED;
}

function memoryWords(role: Role): Problem {
  const message = `The ${role} was killed, most likely because it used more memory than its limit; raise spec.resources.${role}.limits.memory`;
  return { reason: REASONS.outOfMemory, message, stalled: true };
}

function ownFault(facts: WorkerFacts | null, ready: boolean): Problem | null {
  if (ready || !facts?.fault) return null;
  const { code, message, permanent } = facts.fault;
  return { reason: code, message: sentence(message), stalled: permanent };
}
