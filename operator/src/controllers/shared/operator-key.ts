/**
 * The operator's own key, from which the servers' passwords are derived: one Secret in its own
 * namespace, made when it is missing.
 */
import { randomBytes } from 'node:crypto';
import { type KubeObject, keyOf } from '@videopush/resources/objects';
import { isConflict, isNotFound } from '../../kube/errors.ts';
import type { Resource } from '../../kube/resource.ts';

const KEY_BYTES = 32;
const FIELD = 'key';

/**
 * Reads the key, or creates it. Two operators that start together use one key: the API server refuses the
 * second create, and that operator reads the key of the first.
 * @throws Error when the Secret exists without a key: with another one, all passwords would change
 */
export async function loadKey(
  secrets: Pick<Resource, 'get' | 'create'>,
  place: { namespace: string; name: string },
  signal: AbortSignal,
): Promise<Buffer> {
  try {
    return readKey(await secrets.get(place, signal));
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  const key = randomBytes(KEY_BYTES);
  const secret = { metadata: { ...place }, type: 'Opaque', data: { [FIELD]: key.toString('base64') } };
  try {
    await secrets.create(secret, signal);
    return key;
  } catch (error) {
    if (!isConflict(error)) throw error;
    return readKey(await secrets.get(place, signal));
  }
}

function readKey(secret: KubeObject): Buffer {
  const { data } = secret as { data?: Record<string, string> };
  const key = Buffer.from(data?.[FIELD] ?? '', 'base64');
  if (key.length >= KEY_BYTES) return key;
  throw new Error(
    `Secret ${keyOf(secret)} has no "${FIELD}" of ${KEY_BYTES} bytes; delete it to have a new one made`,
  );
}
