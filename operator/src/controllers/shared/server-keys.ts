/** Which media servers a stream names. Pure. */
import { type KubeObject, objectKey } from '@videopush/resources/objects';

/** Keys of the servers that a VideoPush names, each once. */
export function serversOf({ metadata: { namespace }, spec }: KubeObject): string[] {
  const { outputs = [] } = (spec ?? {}) as { outputs?: { serverRef?: { name?: string } }[] };
  const names = outputs.flatMap(({ serverRef }) => serverRef?.name ?? []);
  return [...new Set(names)].map((name) => objectKey(namespace, name));
}
