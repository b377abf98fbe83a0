/**
 * The operator as one object: the way to the cluster, what the controllers share,
 * and the manager that runs them.
 */

import { VERSION } from '@videopush/resources/builders/defaults';
import { FIELD_MANAGER, REPORTING_CONTROLLER } from '@videopush/resources/builders/names';
import { defaultsOf, type OperatorConfig } from './config.ts';
import { controllerFactories } from './controllers/index.ts';
import type { Shared } from './controllers/shared/context.ts';
import { deleteStream } from './controllers/shared/jetstream.ts';
import { loadKey } from './controllers/shared/operator-key.ts';
import { ServerPaths } from './controllers/shared/server-paths.ts';
import { fetchPage } from './controllers/workers/worker-poller.ts';
import { connect } from './kube/credentials.ts';
import { SECRETS } from './kube/kinds.ts';
import type { Logger } from './log.ts';
import { Manager } from './runtime/manager.ts';
import { Metrics } from './runtime/metrics.ts';

/** Where this process runs. */
export interface Place {
  /** of the operator, which keeps its key and its lease there */
  namespace: string;
  /** of this process, such as the pod's name */
  identity: string;
}

/** Works until the signal is aborted. Rejects with ConnectError, or with what Manager.run() rejects with. */
export async function runOperator(
  config: OperatorConfig,
  place: Place,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  const metrics = new Metrics({ version: VERSION });
  const transport = await connect({
    userAgent: `videopush-operator/${VERSION}`,
    onAnswer: metrics.answered,
  });
  const { leaseName, enabled, ...lease } = config.leaderElection;
  const manager = new Manager({
    transport,
    log,
    metrics,
    identity: place.identity,
    reportingController: REPORTING_CONTROLLER,
    managedBy: FIELD_MANAGER,
    namespaces: config.watchNamespaces,
    pages: config.pages,
    election: enabled
      ? {
          namespace: place.namespace,
          name: leaseName,
          leaseDuration: lease.leaseDurationSeconds * 1000,
          renewDeadline: lease.renewDeadlineSeconds * 1000,
          retryPeriod: lease.retryPeriodSeconds * 1000,
        }
      : undefined,
  });
  const shared: Shared = {
    defaults: defaultsOf(config),
    key: keyOf(manager, { namespace: place.namespace, name: config.keySecretName }),
    paths: new ServerPaths(),
    metrics,
    fetchPage,
    deleteStream,
  };
  for (const factory of controllerFactories(shared)) manager.add(factory);
  try {
    await manager.run(signal);
  } finally {
    transport.close();
  }
}

/** Read once; a failure is not kept. */
function keyOf(manager: Manager, place: { namespace: string; name: string }): Shared['key'] {
  let key: Promise<Buffer> | undefined;
  return (signal) => {
    key ??= loadKey(manager.context.resource(SECRETS), place, signal).catch((error: unknown) => {
      key = undefined;
      throw error;
    });
    return key;
  };
}
