/** The ConfigMap of a stream: the WorkerConfigs of its two roles. Pure. */

import type { KubeObject } from '../../objects.ts';
import { ManifestError } from '../../schema/manifest.ts';
import { canonicalJson, childLabels, childName, contentHash, DECODER, ENCODER, POD_PATHS } from '../names.ts';
import { ownerReference } from '../owner.ts';
import { threadsOf } from '../threads.ts';
import { buildWorkerConfigs } from '../worker-config.ts';
import { namespaceOf, type StreamConfigs, type StreamContext } from './context.ts';
import { specFieldsAnnotation } from './field-hashes.ts';
import { authoritiesFile, credentialFiles, outputTargets } from './outputs.ts';
import { jetStreamOf } from './queue.ts';

export const configName = (push: string): string => childName(push, 'worker');

/** Both configurations for the containers of a pod. @throws ManifestError naming the field */
export function streamConfigs(context: StreamContext): StreamConfigs {
  const { push, defaults } = context;
  const { source } = push.spec;
  if (/^file:/i.test(source.uri ?? '')) {
    throw new ManifestError(
      'spec.source.uri',
      "a pod doesn't see the files of another machine; put the file on a volume and use persistentVolumeClaim",
    );
  }
  const claim = source.persistentVolumeClaim?.claimName;
  return buildWorkerConfigs(push, {
    outputs: outputTargets(context),
    ...(source.credentialsSecretRef && { sourceCredentials: credentialFiles(POD_PATHS.sourceCredentials) }),
    ...(source.caSecretRef && {
      sourceCaFile: authoritiesFile(POD_PATHS.sourceAuthorities, source.caSecretRef),
    }),
    ...(claim !== undefined && { claims: { [claim]: `${POD_PATHS.volumes}/${claim}` } }),
    jetStream: jetStreamOf(push, defaults),
    threads: threadsOf(push.spec),
    logLevel: defaults.workerLogLevel,
  });
}

export function configHashes({ decoder, encoder }: StreamConfigs): { decoder: string; encoder: string } {
  return { decoder: contentHash(decoder), encoder: contentHash(encoder) };
}

export function buildConfigMap({ push }: StreamContext, { decoder, encoder }: StreamConfigs): KubeObject {
  const { name } = push.metadata;
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: configName(name),
      namespace: namespaceOf(push),
      labels: childLabels(name, 'stream'),
      annotations: specFieldsAnnotation(push),
      ownerReferences: [ownerReference(push)],
    },
    data: { [DECODER.key]: text(decoder), [ENCODER.key]: text(encoder) },
  };
}

/** Fields come in another order from a file than from the API server; the text is the same. */
const text = (config: object): string => `${canonicalJson(config, 2)}\n`;
