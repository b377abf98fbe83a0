/** A stream in a cluster as its tests see it: its pods, its workers' pages, its ledger, and what can be done to it. */
import { readdirSync, readFileSync } from 'node:fs';
import type { WorkerStatus } from '../../../codec-worker/src/status.ts';
import type { EncodeSnapshot } from '../../../native/lib/index.ts';
import { DECODER, ENCODER, LABELS } from '../../../resources/src/builders/names.ts';
import { eventually } from './eventually.ts';
import type { Any, TestNamespace } from './namespace.ts';

export type Role = 'decoder' | 'encoder';

const PORTS = { decoder: DECODER.port, encoder: ENCODER.port } as const;

/** Counts of frames. */
export interface StreamLedger {
  sent: number;
  repeated: number;
  /** Dropped or failed, whatever the cause. */
  lost: number;
  sourceFrames: number;
}

export class StreamView {
  readonly name: string;
  readonly #world: TestNamespace;

  constructor(world: TestNamespace, name: string) {
    this.#world = world;
    this.name = name;
  }

  /** Pods of this stream that are not on their way out, the newest last. */
  async pods(): Promise<Any[]> {
    const all = await this.#world.list('pod', `${LABELS.instance}=${this.name},${LABELS.partOf}=videopush`);
    return all
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .sort((a, b) =>
        String(a.metadata.creationTimestamp).localeCompare(String(b.metadata.creationTimestamp)),
      );
  }

  /** The pod that has the role's container. */
  async podOf(role: Role): Promise<Any> {
    const found = (await this.pods()).reverse().find((pod) => containerOf(pod, role) !== undefined);
    if (!found) throw new Error(`${this.name} has no pod with a ${role}`);
    return found;
  }

  /** What the role's page says; rejects while it does not answer. */
  async status(role: Role): Promise<WorkerStatus> {
    const pod = await this.podOf(role);
    const { namespace } = this.#world;
    const path = `/api/v1/namespaces/${namespace}/pods/${pod.metadata.name}:${PORTS[role]}/proxy/status`;
    return JSON.parse(await this.#world.cluster.kubectl(['get', '--raw', path])) as WorkerStatus;
  }

  /** The encoder's ledger of the first output, with all of the source counted. */
  async ledger(): Promise<StreamLedger> {
    const { ring } = await this.status('encoder');
    const ledger = ring?.outputs[0]?.ledger;
    if (!ring || !ledger) throw new Error(`${this.name}: the encoder has no ledger yet`);
    const { dropped, failed, sent, repeated } = ledger;
    const lost = [...Object.values(dropped), ...Object.values(failed)].reduce((sum, n) => sum + n, 0);
    return { sent, repeated, lost, sourceFrames: ring.sourceFrames };
  }

  async snapshot(): Promise<EncodeSnapshot | null> {
    return (await this.status('encoder')).snapshot as EncodeSnapshot | null;
  }

  /** SIGKILL of the role's process, by the id that its page gives; resolves when another one answers. */
  async killRole(role: Role, limitMilliseconds = 30_000): Promise<void> {
    const { pid } = await this.status(role);
    const pod = await this.podOf(role);
    const kill = [
      'exec',
      pod.metadata.name,
      '-c',
      role,
      '--',
      'node',
      '-e',
      `process.kill(${pid}, 'SIGKILL')`,
    ];
    await this.#world.kubectl(kill);
    await eventually(
      `another ${role} process answers`,
      async () => (await this.status(role)).pid !== pid,
      limitMilliseconds,
    );
  }

  /** Whether its containers' processes can be seen here. */
  async isLocal(): Promise<boolean> {
    return firstProcess(idOf(containerOf(await this.podOf('encoder'), 'encoder'))) !== undefined;
  }

  /** SIGKILL of the container's first process; resolves when kubelet has started the container again. */
  async killContainer(role: Role, limitMilliseconds = 60_000): Promise<void> {
    const pod = await this.podOf(role);
    const before = containerOf(pod, role);
    const first = firstProcess(idOf(before));
    if (first === undefined) throw new Error(`the ${role}'s container is not on this machine`);
    process.kill(first, 'SIGKILL');
    await eventually(
      `the ${role}'s container runs again`,
      async () => {
        const now = containerOf(await this.podOf(role), role);
        return now?.containerID !== before?.containerID && now?.state?.running !== undefined;
      },
      limitMilliseconds,
    );
  }

  /** Deletes the role's pod as `kubectl delete pod` does; resolves when another one answers. */
  async deletePod(role: Role, limitMilliseconds = 90_000): Promise<void> {
    const { name, uid } = (await this.podOf(role)).metadata;
    await this.#world.kubectl(['delete', 'pod', name, '--wait=false']);
    await eventually(
      `another pod's ${role} answers`,
      async () => {
        const now = (await this.podOf(role)).metadata.uid;
        return now !== uid && (await this.status(role)).pid > 0;
      },
      limitMilliseconds,
    );
  }
}

// biome-ignore lint/suspicious/noExplicitAny: a containerStatus
function containerOf(pod: Any, name: string): any {
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
  return [...containerStatuses, ...initContainerStatuses].find((one: { name: string }) => one.name === name);
}

// biome-ignore lint/suspicious/noExplicitAny: a containerStatus
const idOf = (container: any): string => String(container?.containerID ?? '').replace(/^.*:\/\//, '');

/** The host's id of a container's process 1; undefined when its node is another machine. */
function firstProcess(containerId: string): number | undefined {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && belongsTo(pid, containerId))
    .find((pid) => /^NSpid:.*\s1$/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')));
}

function belongsTo(pid: number, containerId: string): boolean {
  try {
    return containerId !== '' && readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(containerId);
  } catch {
    return false; // it has ended
  }
}
