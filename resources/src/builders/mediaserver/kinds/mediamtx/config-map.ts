/** The configuration of a MediaServer's MediaMTX as a ConfigMap. Pure. */
import { parse } from 'yaml';
import type { KubeObject } from '../../../../objects.ts';
import { ManifestError } from '../../../../schema/manifest.ts';
import { childLabels, childName, contentHash } from '../../../names.ts';
import { ownerReference } from '../../../owner.ts';
import { namespaceOf, type ServerContext } from '../../context.ts';
import { icePort } from './ports.ts';
import { buildMediaMtxConfig } from './server-config.ts';

export const CONFIG_KEY = 'mediamtx.yml';
export const RECORDINGS = '/recordings';

/**
 * Two of the encoder's keep-alives (one every 3 s): a publisher that hangs is replaced by the slate this
 * soon, instead of after the server's own 10 s.
 */
const READ_TIMEOUT_SECONDS = 6;

export const configName = (server: string): string => childName(server, 'media-config');

/** The text of mediamtx.yml. @throws ManifestError */
export function serverConfig({ server, paths, credentials }: ServerContext): string {
  const { recording } = server.spec;
  if (recording && !recording.persistentVolumeClaim) {
    throw new ManifestError(
      'spec.recording.persistentVolumeClaim',
      'is missing: recordings would be lost with the pod',
    );
  }
  return buildMediaMtxConfig(server, paths, {
    users: {
      publisher: credentials.publisher,
      reader: credentials.viewer,
      operator: credentials.operator,
      metrics: credentials.metrics,
    },
    readTimeoutSeconds: READ_TIMEOUT_SECONDS,
    icePort: icePort(server),
    ...(recording && { recordingFolder: RECORDINGS }),
  });
}

export function buildConfigMap({ server }: ServerContext, config: string): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: configName(server.metadata.name),
      namespace: namespaceOf(server),
      labels: childLabels(server.metadata.name, 'media-server'),
      ownerReferences: [ownerReference(server)],
    },
    data: { [CONFIG_KEY]: config },
  };
}

/** Parts that the server takes from its file while it runs, without a listener or a stream being closed. */
const RELOADED = new Set(['paths', 'pathDefaults', 'authInternalUsers', 'logLevel']);

/**
 * Hash of all other settings. A change of these makes the server recreate its listeners, which disconnects
 * viewers: the pod is replaced in order instead.
 */
export function settingsHash(config: string): string {
  const settings = Object.entries(parse(config) as Record<string, unknown>);
  return contentHash(Object.fromEntries(settings.filter(([name]) => !RELOADED.has(name))));
}
