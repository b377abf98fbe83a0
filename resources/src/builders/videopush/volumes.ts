/** Volumes of a stream's pod, and where each role mounts them. Pure. */
import { SPOOL_BYTES } from '../../limits.ts';
import { DECODER, ENCODER, POD_PATHS } from '../names.ts';
import { mebibytes } from '../quantity.ts';
import { ringVolumeBytes } from '../ring-size.ts';
import { configName } from './config-map.ts';
import type { StreamContext } from './context.ts';
import { authoritiesKey, credentialsSecretOf } from './outputs.ts';
import { streamShape } from './shape.ts';

export type Role = 'decoder' | 'encoder';

/** A volume and the roles that mount it. */
interface Mounted {
  volume: { name: string; [source: string]: unknown };
  mountPath: string;
  readOnly: boolean;
  roles: readonly Role[];
}

export interface VolumeMount {
  name: string;
  mountPath: string;
  readOnly?: true;
}

const BOTH: readonly Role[] = ['decoder', 'encoder'];
/** The user's group may read, nobody may write. */
const MODE = 0o440;
/** Size of the volume for the state of supervisors and the cache of compiled code. */
const TEMPORARY_BYTES = 64 * 2 ** 20;

/** Volumes of a pod that has these roles. */
export function podVolumes(context: StreamContext, roles: readonly Role[]): object[] {
  return volumesOf(context)
    .filter((mounted) => mounted.roles.some((role) => roles.includes(role)))
    .map(({ volume }) => volume);
}

/** The mounts of one role's container; each has its own `/tmp`. */
export function volumeMounts(context: StreamContext, role: Role): VolumeMount[] {
  return volumesOf(context)
    .filter(({ roles }) => roles.includes(role))
    .map(({ volume: { name }, mountPath, readOnly }) => ({
      name,
      mountPath,
      ...(readOnly && { readOnly: true as const }),
    }));
}

function volumesOf(context: StreamContext): Mounted[] {
  return [...shared(context), ...temporary(context), ...sourceVolumes(context), ...outputVolumes(context)];
}

function shared({ push }: StreamContext): Mounted[] {
  const { pushed, queue } = streamShape(push);
  const sizeLimit = mebibytes(ringVolumeBytes(pushed, queue));
  return [
    {
      // The whole folder: a file that is mounted alone is never brought up to date.
      volume: { name: 'config', configMap: { name: configName(push.metadata.name), defaultMode: MODE } },
      mountPath: POD_PATHS.config,
      readOnly: true,
      roles: BOTH,
    },
    {
      volume: { name: 'ring', emptyDir: { medium: 'Memory', sizeLimit } },
      mountPath: POD_PATHS.ring,
      readOnly: false,
      roles: BOTH,
    },
  ];
}

/** One for each role, since both supervisors keep their state under the same name. */
function temporary({ push }: StreamContext): Mounted[] {
  // A decoder keeps a file there that its web server doesn't let it seek.
  const spool = /^https?:/i.test(push.spec.source.uri ?? '') ? SPOOL_BYTES : 0;
  const sizes = { [DECODER.container]: TEMPORARY_BYTES + spool, [ENCODER.container]: TEMPORARY_BYTES };
  return [DECODER.container, ENCODER.container].map((role) => ({
    volume: { name: `${role}-temporary`, emptyDir: { sizeLimit: mebibytes(sizes[role] ?? 0) } },
    mountPath: POD_PATHS.temporary,
    readOnly: false,
    roles: [role],
  }));
}

function sourceVolumes({ push }: StreamContext): Mounted[] {
  const { persistentVolumeClaim: claim, credentialsSecretRef, caSecretRef } = push.spec.source;
  const roles: readonly Role[] = ['decoder'];
  const mounted: Mounted[] = [];
  if (claim) {
    mounted.push({
      // Read-only for the kubelet too: it would hand all files of the volume over to the pod's group.
      volume: { name: 'claim', persistentVolumeClaim: { claimName: claim.claimName, readOnly: true } },
      mountPath: `${POD_PATHS.volumes}/${claim.claimName}`,
      readOnly: true,
      roles,
    });
  }
  if (credentialsSecretRef) {
    mounted.push({
      volume: basicAuthVolume('source-credentials', credentialsSecretRef.name),
      mountPath: POD_PATHS.sourceCredentials,
      readOnly: true,
      roles,
    });
  }
  if (caSecretRef) {
    mounted.push({
      volume: secretVolume('source-ca', caSecretRef.name, [authoritiesKey(caSecretRef)]),
      mountPath: POD_PATHS.sourceAuthorities,
      readOnly: true,
      roles,
    });
  }
  return mounted;
}

function outputVolumes(context: StreamContext): Mounted[] {
  const roles: readonly Role[] = ['encoder'];
  return context.push.spec.outputs.flatMap((output, index) => {
    const { name, urlSecretRef, caSecretRef } = output;
    const mounted: Mounted[] = [];
    const credentials = credentialsSecretOf(output, context);
    if (credentials !== undefined) {
      const mountPath = `${POD_PATHS.outputCredentials}/${name}`;
      mounted.push({
        volume: basicAuthVolume(`output-${index}-credentials`, credentials),
        mountPath,
        readOnly: true,
        roles,
      });
    }
    if (urlSecretRef) {
      mounted.push({
        volume: secretVolume(`output-${index}-url`, urlSecretRef.name, [urlSecretRef.key]),
        mountPath: `${POD_PATHS.outputUrls}/${name}`,
        readOnly: true,
        roles,
      });
    }
    if (caSecretRef) {
      mounted.push({
        volume: secretVolume(`output-${index}-ca`, caSecretRef.name, [authoritiesKey(caSecretRef)]),
        mountPath: `${POD_PATHS.outputAuthorities}/${name}`,
        readOnly: true,
        roles,
      });
    }
    return mounted;
  });
}

const basicAuthVolume = (name: string, secret: string) =>
  secretVolume(name, secret, ['username', 'password']);

/**
 * Only the keys that are needed, and optional: the worker waits for a Secret that comes later, and says so.
 */
function secretVolume(name: string, secretName: string, keys: string[]): Mounted['volume'] {
  const items = keys.map((key) => ({ key, path: key }));
  return { name, secret: { secretName, items, defaultMode: MODE, optional: true } };
}
