/** The kinds of media servers that are run, by `spec.type`: what the builders take from each. Pure. */
import type { MediaServer } from '../../../schema/media-server.generated.ts';
import { MEDIAMTX } from './mediamtx/kind.ts';

const KINDS = { MediaMTX: MEDIAMTX };

export type KindName = keyof typeof KINDS;

/** What an unset `spec.type` means. */
export const DEFAULT_KIND = 'MediaMTX' satisfies KindName;

/** undefined for a server that runs elsewhere, and for a type that cannot be run. */
export function kindName({ spec: { type = DEFAULT_KIND } }: Pick<MediaServer, 'spec'>): KindName | undefined {
  return Object.hasOwn(KINDS, type) ? (type as KindName) : undefined;
}

/** undefined as kindName() is. */
export function kindOf(server: Pick<MediaServer, 'spec'>): (typeof KINDS)[KindName] | undefined {
  const name = kindName(server);
  return name && KINDS[name];
}
