/** A stream in a cluster: its pods, its workers' pages and its ledger, and the ways to kill parts of it. */
import { readdirSync, readFileSync } from 'node:fs';
import type { WorkerStatus } from '../../../codec-worker/src/status.ts';
import type { EncodeSnapshot } from '../../../native/lib/index.ts';
import { DECODER, ENCODER, LABELS } from '../../../resources/src/builders/names.ts';
import { eventually } from './eventually.ts';
import type { Any, TestNamespace } from './namespace.ts';

export type Role = 'decoder' | 'encoder';

const PORTS = { decoder: DECODER.port, encoder: ENCODER.port } as const;

/** Counters in frames. */
export interface StreamLedger {
  sent: number;
  repeated: number;
  /** Dropped or failed, whatever the cause. */
  lost: number;
  sourceFrames: number;
}

export class StreamView {
  readonly name: string;
  readonly #fixture: TestNamespace;

  constructor(fixture: TestNamespace, name: string) {
    this.#fixture = fixture;
    this.name = name;
  }

  /** Pods of this stream that are not being deleted, the newest last. */
  async pods(): Promise<Any[]> {
    const all = await this.#fixture.list('pod', `${LABELS.instance}=${this.name},${LABELS.partOf}=videopush`);
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

  /** The status page of the role; rejects while the page does not answer. */
  async status(role: Role): Promise<WorkerStatus> {
    const pod = await this.podOf(role);
    const { namespace } = this.#fixture;
    const path = `/api/v1/namespaces/${namespace}/pods/${pod.metadata.name}:${PORTS[role]}/proxy/status`;
    return JSON.parse(await this.#fixture.cluster.kubectl(['get', '--raw', path])) as WorkerStatus;
  }

  /** The encoder's ledger of the first output, with the number of all source frames. */
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

  /** Kills the role's process by the id on its status page; resolves when another process answers. */
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
    await this.#fixture.kubectl(kill);
    await eventually(
      `another ${role} process answers`,
      async () => (await this.status(role)).pid !== pid,
      limitMilliseconds,
    );
  }

  /** Whether the containers run on this machine, where their processes are visible. */
  async isLocal(): Promise<boolean> {
    return firstProcess(idOf(containerOf(await this.podOf('encoder'), 'encoder'))) !== undefined;
  }

  /** Kills the container's first process; resolves when kubelet has started the container again. */
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

  /** Deletes the role's pod with `kubectl delete pod`; resolves when another pod answers. */
  async deletePod(role: Role, limitMilliseconds = 90_000): Promise<void> {
    const { name, uid } = (await this.podOf(role)).metadata;
    await this.#fixture.kubectl(['delete', 'pod', name, '--wait=false']);
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

/** The id on this machine of a container's first process; undefined when the container runs elsewhere. */
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
    return false; // the process has ended
  }
}
