/** Where each output of a stream goes in a cluster, and where viewers find it. Pure. */
import { redactUrl } from '../../redact.ts';
import { ManifestError } from '../../schema/manifest.ts';
import { DEFAULT_PORTS, outputPath, publishUrl } from '../endpoints.ts';
import { serverHost, viewerUrl } from '../mediaserver/addresses.ts';
import { POD_PATHS } from '../names.ts';
import { type CredentialFiles, isStreamUrl, type OutputTarget } from '../worker-config.ts';
import { namespaceOf, type ServerOfOutput, type StreamContext, type StreamOutput } from './context.ts';

type Output = StreamContext['push']['spec']['outputs'][number];

/** The Secret with an output's user name and password: its own, else its server's. */
export function credentialsSecretOf(output: Output, { servers }: StreamContext): string | undefined {
  if (output.credentialsSecretRef) return output.credentialsSecretRef.name;
  return output.serverRef && servers[output.serverRef.name]?.publishSecret;
}

/** Files of a Secret of type kubernetes.io/basic-auth that is mounted at `folder`. */
export const credentialFiles = (folder: string): Required<CredentialFiles> => ({
  userFile: `${folder}/username`,
  passwordFile: `${folder}/password`,
});

export type CaSecret = NonNullable<Output['caSecretRef']>;

/** The key of a Secret with certificate authorities, where the API server has not filled it in. */
export const authoritiesKey = ({ key = 'ca.crt' }: CaSecret): string => key;

/** The file of authorities of a Secret that is mounted at `folder`. */
export const authoritiesFile = (folder: string, secret: CaSecret): string =>
  `${folder}/${authoritiesKey(secret)}`;

/** Addresses and credential files of every output by its name. @throws ManifestError */
export function outputTargets(context: StreamContext): Record<string, OutputTarget> {
  const targets = context.push.spec.outputs.map((output, index): [string, OutputTarget] => {
    const files = credentialsSecretOf(output, context)
      ? credentialFiles(`${POD_PATHS.outputCredentials}/${output.name}`)
      : {};
    const { name, caSecretRef } = output;
    const trust = caSecretRef && {
      caFile: authoritiesFile(`${POD_PATHS.outputAuthorities}/${name}`, caSecretRef),
    };
    return [name, { ...address(output, index, context), ...files, ...trust }];
  });
  return Object.fromEntries(targets);
}

function address(output: Output, index: number, context: StreamContext): OutputTarget {
  const { name, url, urlSecretRef } = output;
  if (urlSecretRef) return { urlFile: `${POD_PATHS.outputUrls}/${name}/${urlSecretRef.key}` };
  if (output.serverRef)
    return { url: addressOnServer(index, context, serverOf(output.serverRef.name, index, context)) };
  if (url !== undefined && !isStreamUrl(url)) {
    throw new ManifestError(
      `spec.outputs[${index}].url`,
      'is lost with its pod in a cluster; push to a MediaServer (serverRef) or to an rtsp, rtmp, rtmps or srt URL',
    );
  }
  return url === undefined ? {} : { url };
}

function serverOf(name: string, index: number, { servers }: StreamContext): ServerOfOutput {
  const found = servers[name];
  if (found) return found;
  throw new ManifestError(`spec.outputs[${index}].serverRef.name`, `MediaServer "${name}" does not exist`);
}

function addressOnServer(
  index: number,
  { push, defaults }: StreamContext,
  { server }: ServerOfOutput,
): string {
  const host = serverHost(server.metadata.name, namespaceOf(push), defaults);
  return publishUrl(push, index, server, { host, ports: DEFAULT_PORTS });
}

/**
 * Where viewers find each output: in the cluster, and from outside as far as the MediaServer's status says.
 */
export function streamOutputs(context: StreamContext): StreamOutput[] {
  return context.push.spec.outputs.map((output) => {
    const { name, url, serverRef } = output;
    const server = serverRef && context.servers[serverRef.name]?.server;
    if (!server) return url === undefined ? { name } : { name, url: redactUrl(url) };
    const { push, defaults } = context;
    const protocol = output.protocol ?? 'RTSP';
    const path = outputPath(push, output);
    const inside = viewerUrl(
      server,
      protocol,
      path,
      serverHost(server.metadata.name, namespaceOf(push), defaults),
    );
    const seen = server.status?.endpoints?.find((endpoint) => endpoint.protocol === protocol)?.externalURL;
    return { name, url: inside, ...(seen && { externalURL: watchAt(seen, protocol, path) }) };
  });
}

/** A path on a server whose address is known. */
const watchAt = (base: string, protocol: string, path: string): string =>
  protocol === 'SRT' ? `${base}?streamid=read:${path}` : `${base}/${path}`;
