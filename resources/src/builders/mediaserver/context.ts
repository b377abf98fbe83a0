/** What the builders of a MediaServer are given, and what they give back. */

import type { KubeObject } from '../../objects.ts';
import type { MediaServer } from '../../schema/media-server.generated.ts';
import type { ServerCredentials } from '../credentials.ts';
import type { Defaults } from '../defaults.ts';

/** A path that a stream publishes to. */
export interface ServerPath {
  name: string;
  /**
   * Codec of the slate that keeps readers connected while nobody publishes; unset =
   * readers end with the publisher. A file of the stream's own size avoids a change of picture size.
   */
  slate?: { codec: string } | { file: string };
}

/** A port of the server's container and of one of its Services. */
export interface ServerPort {
  name: string;
  port: number;
  protocol: 'TCP' | 'UDP';
  nodePort?: number;
  /** Where the server listens, if not at `port`. */
  containerPort?: number;
}

export interface ServerContext {
  server: MediaServer;
  paths: readonly ServerPath[];
  credentials: ServerCredentials;
  defaults: Defaults;
}

export interface ServerObjects {
  /** immutable; to be created, never read or changed */
  secrets: KubeObject[];
  /** ConfigMap with the server's configuration file */
  config: KubeObject;
  deployment: KubeObject;
  /** what publishers and viewers use */
  service: KubeObject;
  /** API and metrics: inside of the cluster only, whatever type the other one has */
  apiService: KubeObject;
}

/** Names and labels that every child of a server has. */
export const namespaceOf = ({ metadata }: MediaServer): string => metadata.namespace ?? 'default';
