/** What an API server says of a manifest without keeping it. */

import { connect } from '../../../operator/src/kube/credentials.ts';
import { ApiError } from '../../../operator/src/kube/errors.ts';
import { MEDIA_SERVERS, VIDEO_PUSH_SETS, VIDEO_PUSHES } from '../../../resources/src/kinds.ts';
import type { KubeObject } from '../../../resources/src/objects.ts';

const KINDS = new Map([MEDIA_SERVERS, VIDEO_PUSHES, VIDEO_PUSH_SETS].map((kind) => [kind.kind, kind]));
const LIMIT = 30_000;

export interface Verdict {
  accepted: boolean;
  /** The object as it would be stored, with the schema's defaults. */
  object?: KubeObject;
  /** What a person sees of the refusal. */
  message: string;
}

/**
 * Sends each manifest as `kubectl create --dry-run=server` does: unknown fields
 * are refused, nothing is stored.
 */
export class Admission {
  readonly #transport: Awaited<ReturnType<typeof connect>>;

  private constructor(transport: Awaited<ReturnType<typeof connect>>) {
    this.#transport = transport;
  }

  static async connect(kubeconfig: string): Promise<Admission> {
    return new Admission(await connect({ kubeconfig, userAgent: 'videopush-tests' }));
  }

  async judge(manifest: { kind: string; metadata: object }, namespace = 'default'): Promise<Verdict> {
    const kind = KINDS.get(manifest.kind);
    if (!kind) throw new Error(`${manifest.kind} is no kind of ours`);
    try {
      const object = await this.#transport.json({
        method: 'POST',
        path: `/apis/${kind.group}/${kind.version}/namespaces/${namespace}/${kind.plural}`,
        query: { fieldValidation: 'Strict', dryRun: 'All' },
        body: manifest,
        signal: AbortSignal.timeout(LIMIT),
      });
      return { accepted: true, object: object as KubeObject, message: '' };
    } catch (error) {
      if (error instanceof ApiError) return { accepted: false, message: error.message };
      throw error;
    }
  }

  close(): void {
    this.#transport.close();
  }
}
