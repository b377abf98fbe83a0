/** A VideoPush into every object that runs it. Pure: the same input gives the same JSON. */
import { buildConfigMap, configHashes, streamConfigs } from './config-map.ts';
import type { StreamContext, StreamObjects } from './context.ts';
import { isSplit } from './shape.ts';
import { splitWorkloads } from './split.ts';
import { runsToEnd, workload } from './workload.ts';

export { configName } from './config-map.ts';
export type { ServerOfOutput, StreamContext, StreamObjects, StreamOutput } from './context.ts';
export { appliedFields, changedFields, type FieldHashes, specFields } from './field-hashes.ts';
export { streamOutputs } from './outputs.ts';
export {
  finalizersFor,
  type JetStreamPlace,
  jetStreamOf,
  NATS_ADDRESS_FIELD,
  natsAddressOf,
} from './queue.ts';
export { runsToEnd } from './workload.ts';

/** @throws ManifestError naming the field that cannot be used in a cluster */
export function buildStream(context: StreamContext): StreamObjects {
  const { push } = context;
  const configs = streamConfigs(context);
  const hashes = configHashes(configs);
  const workloads = isSplit(push.spec)
    ? splitWorkloads(context, hashes.decoder)
    : [
        workload(context, {
          component: 'stream',
          roles: ['decoder', 'encoder'],
          kind: runsToEnd(push) ? 'Job' : 'Deployment',
          decoderHash: hashes.decoder,
          stopped: push.spec.suspend === true,
        }),
      ];
  return { config: buildConfigMap(context, configs), workloads, hashes };
}
