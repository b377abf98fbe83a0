/** The kinds of media servers that the operator runs: what the controller does for each in its own way. */
import type { MediaServer } from '@videopush/resources';
import { type KindName, kindName } from '@videopush/resources/builders/mediaserver';
import { MEDIAMTX } from './mediamtx/kind.ts';

const KINDS = { MediaMTX: MEDIAMTX } satisfies Record<KindName, object>;

type ServerKind = (typeof KINDS)[KindName];

/** Whose API is asked and whose paths are remembered: among one kind nothing has to be chosen. */
export const ONLY_KIND: ServerKind = KINDS.MediaMTX;
export type LingeringPaths = InstanceType<ServerKind['LingeringPaths']>;

/** @throws TypeError for a server that is not run here, which is a mistake of the caller */
export function kindOf(server: Pick<MediaServer, 'spec'>): ServerKind {
  const name = kindName(server);
  if (name === undefined) throw new TypeError(`a MediaServer of type ${server.spec.type} is not run here`);
  return KINDS[name];
}
