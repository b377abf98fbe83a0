/** What the builders of a MediaServer are given, and what they give back. */

import type { KubeObject } from '../../objects.ts';
import type { MediaServer } from '../../schema/media-server.generated.ts';
import type { ServerCredentials } from '../credentials.ts';
import type { Defaults } from '../defaults.ts';
import type { ServerPath } from './kinds/mediamtx/server-config.ts';

export interface ServerContext {
  server: MediaServer;
  paths: readonly ServerPath[];
  credentials: ServerCredentials;
  defaults: Defaults;
}

export interface ServerObjects {
  /** immutable; to be created, never read or changed */
  secrets: KubeObject[];
  /** ConfigMap with mediamtx.yml */
  config: KubeObject;
  deployment: KubeObject;
  /** what publishers and viewers use */
  service: KubeObject;
  /** API and metrics: inside of the cluster only, whatever type the other one has */
  apiService: KubeObject;
}

/** Names and labels that every child of a server has. */
export const namespaceOf = ({ metadata }: MediaServer): string => metadata.namespace ?? 'default';
