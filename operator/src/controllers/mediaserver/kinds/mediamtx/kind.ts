/** What the controller of media servers takes from MediaMTX. */
import { DEFAULT_PORTS } from '@videopush/resources/builders/endpoints';
import { MediaMtxApi } from '@videopush/resources/mediamtx-api';
import { fileAnnotation } from './file-annotation.ts';
import { LingeringPaths } from './lingering-paths.ts';
import { pathChanges } from './path-changes.ts';

/** Where the API of the server in a pod of this address is, for people. */
const apiWords = (address: string | undefined): string =>
  `port ${DEFAULT_PORTS.api} of its pod (${address ?? 'without an address'})`;

export const MEDIAMTX = { Api: MediaMtxApi, LingeringPaths, apiWords, fileAnnotation, pathChanges };
