/**
 * `kubectl port-forward` for as long as it is used: reaches what only the cluster's
 * own network has, on any cluster.
 */
import { kubernetesTool } from '../../../scripts/paths.mjs';
import type { Cluster } from '../cluster/index.ts';
import { Program } from '../program.ts';

export class PortForward implements AsyncDisposable {
  /** The port on the loopback. */
  readonly port: number;
  readonly #program: Program;

  private constructor(port: number, program: Program) {
    this.port = port;
    this.#program = program;
  }

  /** @param target as `kubectl port-forward` names it, such as service/nats */
  static async open(cluster: Cluster, namespace: string, target: string, port: number): Promise<PortForward> {
    const args = ['--kubeconfig', cluster.kubeconfig, '-n', namespace, 'port-forward', target, `:${port}`];
    const program = new Program(kubernetesTool('kubectl'), args, { limitMilliseconds: 0 });
    const line = await program.waitForLine(/Forwarding from 127\.0\.0\.1:(\d+)/);
    return new PortForward(Number(/127\.0\.0\.1:(\d+)/.exec(line)?.[1]), program);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program.stop();
  }
}
