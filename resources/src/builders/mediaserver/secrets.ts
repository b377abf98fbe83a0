/** The Secrets that give a MediaServer's passwords to streams, viewers and Prometheus. Pure. */
import type { KubeObject } from '../../objects.ts';
import type { Account } from '../credentials.ts';
import { childLabels } from '../names.ts';
import { ownerReference } from '../owner.ts';
import { namespaceOf, type ServerContext } from './context.ts';

/** Those of the users that the server has; the operator's own password is derived whenever it is needed. */
export function buildSecrets({ server, credentials }: ServerContext): KubeObject[] {
  const { publish = 'Generated', read = 'None' } = server.spec.authentication ?? {};
  return [
    ...(publish === 'Generated' ? [credentials.publisher] : []),
    ...(read === 'Generated' ? [credentials.viewer] : []),
    credentials.metrics,
  ].map((account) => secret({ server }, account));
}

/** The Secret that streams publish with; undefined when everybody may, or the server runs elsewhere. */
export function publishSecret({
  server,
  credentials,
}: Pick<ServerContext, 'server' | 'credentials'>): string | undefined {
  const { type, authentication } = server.spec;
  if (type === 'External' || authentication?.publish === 'None') return undefined;
  return credentials.publisher.secretName;
}

function secret(
  { server }: Pick<ServerContext, 'server'>,
  { name, password, secretName }: Account,
): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: secretName,
      namespace: namespaceOf(server),
      labels: childLabels(server.metadata.name, 'media-server'),
      ownerReferences: [ownerReference(server)],
    },
    type: 'kubernetes.io/basic-auth',
    immutable: true,
    data: { username: base64(name), password: base64(password) },
  };
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
