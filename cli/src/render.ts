/** `videopush render FILE…`: the objects that the operator would apply, made by the same builders. */
import { readFileSync } from 'node:fs';
import {
  type Manifest,
  ManifestError,
  type MediaServer,
  type VideoPush,
  type VideoPushSet,
  validateManifest,
} from '@videopush/resources';
import { serverCredentials } from '@videopush/resources/builders/credentials';
import { DEFAULTS, type Defaults } from '@videopush/resources/builders/defaults';
import {
  buildMediaServer,
  publishSecret,
  type ServerContext,
  serverPaths,
} from '@videopush/resources/builders/mediaserver';
import { finishObjects, originOf, stamped } from '@videopush/resources/builders/origin';
import { buildStream, type StreamContext } from '@videopush/resources/builders/videopush';
import { buildMembers } from '@videopush/resources/builders/videopushset';
import { keyOf } from '@videopush/resources/objects';
import { stringify } from 'yaml';
import { usageError } from './errors.ts';
import { readManifestFile } from './manifests.ts';

export interface RenderFlags {
  namespace?: string;
  keyFile?: string;
  workerImage?: string;
  mediamtxImage?: string;
  nats?: string;
}

/** A manifest and the file that it stands in, for messages. */
export interface Document {
  file: string;
  manifest: Manifest;
}

export interface RenderOptions {
  /** Namespace of manifests that name none. */
  namespace: string;
  /** The operator's key; unset: one of zeros. */
  key?: Buffer | undefined;
  defaults: Defaults;
}

interface Rendered {
  objects: object[];
  /** What a person should know who reads them. */
  notes: string[];
}

type Resource = VideoPush | MediaServer | VideoPushSet;

const KEY_BYTES = 32;
/** Stands for what the cluster gives when it stores the resource. */
const NO_UID = '00000000-0000-0000-0000-000000000000';

/**
 * Every object for every resource of ours among the documents, in their order.
 * @throws CliError with exit code 2
 */
export function renderDocuments(documents: readonly Document[], options: RenderOptions): Rendered {
  const resources = documents.flatMap(({ file, manifest }) =>
    manifest.kind === 'Secret' ? [] : [{ file, resource: settled(manifest, options.namespace) }],
  );
  refuseTwins(resources.map(({ resource }) => resource));
  const all = resources.flatMap(({ file, resource }): Member[] =>
    resource.kind === 'VideoPushSet' ? membersOf(file, resource) : [{ file, resource }],
  );
  const inputs = {
    servers: all.map(({ resource }) => resource).filter((one) => one.kind === 'MediaServer'),
    pushes: all.map(({ resource }) => resource).filter((one) => one.kind === 'VideoPush'),
    options,
  };
  const objects = all.flatMap(({ file, resource, member }) => [
    ...(member ? [stamped(member)] : []),
    ...explained(file, resource, () => childrenOf(resource, inputs)),
  ]);
  const without = documents.filter(({ manifest: { kind, metadata } }) => kind !== 'Secret' && !metadata.uid);
  return { objects, notes: notesOn(without.length > 0, inputs) };
}

interface Inputs {
  servers: readonly MediaServer[];
  pushes: readonly VideoPush[];
  options: RenderOptions;
}

function childrenOf(resource: VideoPush | MediaServer, inputs: Inputs): object[] {
  const { defaults } = inputs.options;
  if (resource.kind === 'MediaServer') {
    const paths = serverPaths(resource, neighbours(inputs.pushes, resource));
    const objects = buildMediaServer({ ...credentialsOf(resource, inputs), paths, defaults });
    if (!objects) return [];
    const { secrets, config, service, apiService, deployment } = objects;
    // Secrets are created once and never looked at again, so they carry no hash.
    return [...secrets, ...[config, service, apiService, deployment].map(stamped)];
  }
  const servers = neighbours(inputs.servers, resource).map(
    (server): [string, StreamContext['servers'][string]] => [
      server.metadata.name,
      { server, publishSecret: publishSecret(credentialsOf(server, inputs)) },
    ],
  );
  const context = { push: resource, servers: Object.fromEntries(servers), defaults };
  const { config, workloads } = finishObjects(buildStream(context), originOf(context));
  return [config, ...workloads];
}

function credentialsOf(
  server: MediaServer,
  { options: { key } }: Inputs,
): Pick<ServerContext, 'server' | 'credentials'> {
  return { server, credentials: serverCredentials(key ?? Buffer.alloc(KEY_BYTES), server) };
}

const neighbours = <T extends Resource>(resources: readonly T[], { metadata }: Resource): T[] =>
  resources.filter((one) => one.metadata.namespace === metadata.namespace);

/** The resource as a cluster would hold it: with a namespace and a uid. */
function settled<T extends Resource>(resource: T, namespace: string): T {
  const { metadata } = resource;
  return {
    ...resource,
    metadata: { ...metadata, namespace: metadata.namespace ?? namespace, uid: metadata.uid ?? NO_UID },
  };
}

interface Member {
  file: string;
  resource: VideoPush | MediaServer;
  /** The VideoPush itself is an object that the operator applies. */
  member?: VideoPush;
}

/** Members go through the schema as they do in a cluster: what was put in for $(name) may spoil a field. */
function membersOf(file: string, set: VideoPushSet): Member[] {
  return buildMembers(set).map((member) => ({
    file,
    member,
    resource: explained(file, member, () =>
      settled(validateManifest(member) as VideoPush, member.metadata.namespace ?? ''),
    ),
  }));
}

function explained<T>(file: string, { kind, metadata }: Resource, build: () => T): T {
  try {
    return build();
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    const missing = error.field.endsWith('.serverRef.name');
    const action = missing ? 'put its manifest into one of the files' : `correct ${kind} "${metadata.name}"`;
    throw usageError(`${file}: ${error.message}`, action);
  }
}

function refuseTwins(resources: readonly Resource[]): void {
  const seen = new Set<string>();
  for (const resource of resources) {
    const name = `${resource.kind} "${keyOf(resource)}"`;
    if (seen.has(name)) throw usageError(`${name} is defined twice in the manifests`);
    seen.add(name);
  }
}

function notesOn(withoutUid: boolean, { servers, options: { key } }: Inputs): string[] {
  const notes: string[] = [];
  if (withoutUid) {
    notes.push(
      `resources without metadata.uid have ${NO_UID} here; owner references and passwords depend on it`,
    );
  }
  if (key === undefined && servers.some(({ spec }) => spec.type !== 'External')) {
    notes.push("passwords and their hashes come from a key of zeros; --key-file gives the operator's own");
  }
  return notes;
}

/** 32 bytes, as they are or in base64 (as they stand in the Secret). */
function readKey(file: string): Buffer {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw usageError(`the key file can't be read: ${(error as Error).message}`);
  }
  if (bytes.length === KEY_BYTES) return bytes;
  const decoded = Buffer.from(bytes.toString('latin1').trim(), 'base64');
  if (decoded.length === KEY_BYTES) return decoded;
  throw usageError(`${file} holds no key`, 'it is 32 bytes, or these in base64');
}

function defaultsOf({ workerImage, mediamtxImage, nats }: RenderFlags): Defaults {
  return {
    ...DEFAULTS,
    images: {
      worker: workerImage ?? DEFAULTS.images.worker,
      mediaMtx: mediamtxImage ?? DEFAULTS.images.mediaMtx,
    },
    ...(nats !== undefined && { natsAddress: nats }),
  };
}

export function renderCommand(files: string[], flags: RenderFlags): void {
  const documents = files.flatMap((file) =>
    readManifestFile(file, 'cluster', () => {}).map((manifest) => ({ file, manifest })),
  );
  const { objects, notes } = renderDocuments(documents, {
    namespace: flags.namespace ?? 'default',
    key: flags.keyFile === undefined ? undefined : readKey(flags.keyFile),
    defaults: defaultsOf(flags),
  });
  if (objects.length === 0)
    throw usageError('the manifests have nothing that the operator would make objects for');
  for (const note of notes) process.stderr.write(`videopush: ${note}\n`);
  process.stdout.write(objects.map(document).join(''));
}

/** A document that kubectl reads as it is meant: YAML 1.1 takes an unquoted Off for false. */
const document = (object: object): string =>
  `---\n${stringify(object, { lineWidth: 0, aliasDuplicateObjects: false, compat: 'yaml-1.1' })}`;
