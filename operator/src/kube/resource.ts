/** One kind of object on one API server: where it lives and what may be asked of it. */
import type { KubeObject } from './objects.ts';
import type { Collection, ListPage, WatchEvent } from './reflector.ts';
import type { Transport } from './transport.ts';
import type { WriteGate } from './write-gate.ts';

export interface ResourceKind {
  /** '' for the core group */
  group: string;
  version: string;
  kind: string;
  plural: string;
}

export interface Selection {
  /** unset: all namespaces, or what has none */
  namespace?: string | undefined;
  labelSelector?: string | undefined;
  fieldSelector?: string | undefined;
}

export interface Place {
  namespace?: string | undefined;
  name: string;
}

export interface DeleteOptions {
  /** Only this very object, not a successor of its name. */
  uid?: string | undefined;
  propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
}

/** Reads need no leadership, writes go through the gate. All reject with ApiError. */
export class Resource {
  readonly kind: ResourceKind;
  readonly #transport: Transport;
  readonly #gate: WriteGate;

  constructor(kind: ResourceKind, transport: Transport, gate: WriteGate) {
    this.kind = kind;
    this.#transport = transport;
    this.#gate = gate;
  }

  async get(place: Place, signal: AbortSignal): Promise<KubeObject> {
    return (await this.#transport.json({ path: this.#path(place), signal })) as KubeObject;
  }

  create(object: KubeObject, signal: AbortSignal): Promise<KubeObject> {
    const { namespace } = object.metadata;
    return this.#write(signal, (signal) =>
      this.#transport.json({
        method: 'POST',
        path: this.#path({ namespace }),
        body: this.#whole(object),
        signal,
      }),
    );
  }

  /** Optimistic: refused with Conflict unless metadata.resourceVersion is the newest. */
  replace(object: KubeObject, signal: AbortSignal): Promise<KubeObject> {
    return this.#write(signal, (signal) =>
      this.#transport.json({
        method: 'PUT',
        path: this.#path(object.metadata),
        body: this.#whole(object),
        signal,
      }),
    );
  }

  /**
   * Server-side apply of just the fields that we own. Force: a controller's word is final on its own fields (kubebuilder's
   * server-side-apply reference). `subresource` is status or scale.
   */
  apply(
    object: KubeObject,
    {
      fieldManager,
      subresource,
      signal,
    }: { fieldManager: string; subresource?: string; signal: AbortSignal },
  ): Promise<KubeObject> {
    return this.#write(signal, (signal) =>
      this.#transport.json({
        method: 'PATCH',
        path: this.#path(object.metadata, subresource),
        query: { fieldManager, force: true, fieldValidation: 'Strict' },
        body: this.#whole(object),
        contentType: 'application/apply-patch+yaml', // JSON is YAML
        signal,
      }),
    );
  }

  delete(place: Place, options: DeleteOptions, signal: AbortSignal): Promise<unknown> {
    const { uid, propagationPolicy = 'Background' } = options;
    const body = {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      propagationPolicy,
      ...(uid && { preconditions: { uid } }),
    };
    return this.#write(signal, (signal) =>
      this.#transport.json({ method: 'DELETE', path: this.#path(place), body, signal }),
    );
  }

  /** For a Reflector. */
  collection(selection: Selection = {}): Collection {
    const { namespace, ...selectors } = selection;
    const path = this.#path({ namespace });
    const transport = this.#transport;
    return {
      list: async ({ limit, continue: from, signal }) => {
        const query = { ...selectors, limit, continue: from };
        const list = (await transport.json({ path, query, signal })) as {
          items?: KubeObject[];
          metadata: { resourceVersion: string; continue?: string };
        };
        const page: ListPage = {
          items: list.items ?? [],
          resourceVersion: list.metadata.resourceVersion,
          continue: list.metadata.continue || undefined,
        };
        return page;
      },
      async *watch({ resourceVersion, timeoutSeconds, signal }) {
        const query = {
          ...selectors,
          watch: true,
          allowWatchBookmarks: true,
          resourceVersion,
          timeoutSeconds,
        };
        for await (const line of transport.lines({ path, query, signal }))
          yield JSON.parse(line) as WatchEvent;
      },
    };
  }

  #write(signal: AbortSignal, send: (signal: AbortSignal) => Promise<unknown>): Promise<KubeObject> {
    return this.#gate.through(signal, send) as Promise<KubeObject>;
  }

  #whole(object: KubeObject): KubeObject {
    return { ...object, apiVersion: this.#apiVersion, kind: this.kind.kind };
  }

  get #apiVersion(): string {
    const { group, version } = this.kind;
    return group ? `${group}/${version}` : version;
  }

  #path({ namespace, name }: Partial<Place>, subresource?: string): string {
    const root = this.kind.group ? `/apis/${this.#apiVersion}` : `/api/${this.#apiVersion}`;
    const words = [
      ...(namespace ? ['namespaces', namespace] : []),
      this.kind.plural,
      ...(name ? [name] : []),
      ...(subresource ? [subresource] : []),
    ];
    return `${root}/${words.map(encodeURIComponent).join('/')}`;
  }
}
