/** What the builders of a stream are given, and what they give back. */

import type { KubeObject } from '../../objects.ts';
import type { MediaServer } from '../../schema/media-server.generated.ts';
import type { VideoPush } from '../../schema/video-push.generated.ts';
import type { DecoderConfig, EncoderConfig } from '../../worker-config.ts';
import type { Defaults } from '../defaults.ts';

/**
 * A MediaServer that outputs name, and the Secret with its publisher (unset: everybody may
 * publish, or it runs elsewhere).
 */
export interface ServerOfOutput {
  server: MediaServer;
  publishSecret?: string | undefined;
}

export interface StreamContext {
  push: VideoPush;
  /** The servers by name. It must contain every server that an output names. */
  servers: Readonly<Record<string, ServerOfOutput>>;
  defaults: Defaults;
  /** A finite stream has been sent completely: of a split one nothing needs to run any more. */
  completed?: boolean | undefined;
}

export interface StreamObjects {
  /** ConfigMap with decoder.json and encoder.json */
  config: KubeObject;
  /** Job or Deployment(s), complete, ready to apply */
  workloads: KubeObject[];
  /** Hashes of the meaning of the two configurations. */
  hashes: { decoder: string; encoder: string };
}

/** One output as status shows it: never credentials. */
export interface StreamOutput {
  name: string;
  /** Unset for an address that is a secret. */
  url?: string;
  externalURL?: string;
}

export interface StreamConfigs {
  decoder: DecoderConfig;
  encoder: EncoderConfig;
}

export const namespaceOf = ({ metadata }: { metadata: { namespace?: string } }): string =>
  metadata.namespace ?? 'default';
