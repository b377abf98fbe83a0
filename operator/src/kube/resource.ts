/** One kind of object on one API server: its paths and the requests for it. */

import { apiVersionOf, type KubeObject, keyOf, type ResourceKind, typed } from '@videopush/resources/objects';
import { isNotFound } from './errors.ts';
import type { Collection, ListPage, WatchEvent } from './reflector.ts';
import type { Transport } from './transport.ts';
import type { WriteGate } from './write-gate.ts';

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

export interface PatchOptions {
  /** under whose name the written fields are kept in metadata.managedFields */
  fieldManager: string;
  signal: AbortSignal;
}

export interface ApplyOptions extends PatchOptions {
  /** status or scale; default: the object itself */
  subresource?: string;
}

export interface DeleteOptions {
  /** Deletes only the object with this uid, not a later one of the same name. */
  uid?: string | undefined;
  propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
}

/** A write that the API server has taken. */
export interface Written {
  /** as keyOf() makes it */
  key: string;
  /** its answer; after a deletion that may be a Status */
  object: KubeObject;
  deleted: boolean;
}

export interface ResourceOptions {
  /** Called for each write, before it is reported to its caller. Must not throw. */
  onWritten?: (written: Written) => void;
}

/** Reads need no leadership, writes go through the gate. All reject with ApiError. */
export class Resource {
  readonly kind: ResourceKind;
  readonly #transport: Transport;
  readonly #gate: WriteGate;
  readonly #options: ResourceOptions;

  constructor(kind: ResourceKind, transport: Transport, gate: WriteGate, options: ResourceOptions = {}) {
    this.kind = kind;
    this.#transport = transport;
    this.#gate = gate;
    this.#options = options;
  }

  async get(place: Place, signal: AbortSignal): Promise<KubeObject> {
    return (await this.#transport.json({ path: this.#path(place), signal })) as KubeObject;
  }

  /** null when there is none of that name. */
  async find(place: Place, signal: AbortSignal): Promise<KubeObject | null> {
    try {
      return await this.get(place, signal);
    } catch (error) {
      if (isNotFound(error)) return null;
      throw error;
    }
  }

  /** Rejects with a conflict when there is one of that name. */
  create(object: KubeObject, signal: AbortSignal): Promise<KubeObject> {
    const { namespace } = object.metadata;
    return this.#write(signal, (signal) =>
      this.#transport.json({
        method: 'POST',
        path: this.#path({ namespace }),
        query: { fieldValidation: 'Strict' },
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
   * Server-side apply of just the fields that we own. Force: a controller's word is final on its own fields
   * (kubebuilder's server-side-apply reference). `subresource` is status or scale.
   */
  apply(object: KubeObject, { fieldManager, subresource, signal }: ApplyOptions): Promise<KubeObject> {
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

  /**
   * A JSON merge patch (RFC 7386): null removes a field, and a list replaces the whole list. It is for single
   * fields of objects that are not ours, such as an annotation on a pod of a Job; it does not create an
   * object that does not exist. With metadata.uid it patches only the object with that uid.
   */
  patch(place: Place, patch: object, { fieldManager, signal }: PatchOptions): Promise<KubeObject> {
    return this.#write(signal, (signal) =>
      this.#transport.json({
        method: 'PATCH',
        path: this.#path(place),
        query: { fieldManager, fieldValidation: 'Strict' },
        body: patch,
        contentType: 'application/merge-patch+json',
        signal,
      }),
    );
  }

  /** Deletes it, or marks it so until its finalizers are gone. */
  async delete(place: Place, options: DeleteOptions, signal: AbortSignal): Promise<void> {
    const { uid, propagationPolicy = 'Background' } = options;
    const body = {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      propagationPolicy,
      ...(uid && { preconditions: { uid } }),
    };
    const object = (await this.#gate.through(signal, (signal) =>
      this.#transport.json({ method: 'DELETE', path: this.#path(place), body, signal }),
    )) as KubeObject;
    this.#options.onWritten?.({ key: keyOf({ metadata: place }), object, deleted: true });
  }

  /** The collection that a Reflector lists and watches. */
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

  async #write(signal: AbortSignal, send: (signal: AbortSignal) => Promise<unknown>): Promise<KubeObject> {
    const object = (await this.#gate.through(signal, send)) as KubeObject;
    this.#options.onWritten?.({ key: keyOf(object), object, deleted: false });
    return object;
  }

  #whole(object: KubeObject): KubeObject {
    return typed(object, this.kind);
  }

  #path({ namespace, name }: Partial<Place>, subresource?: string): string {
    const root = `/${this.kind.group ? 'apis' : 'api'}/${apiVersionOf(this.kind)}`;
    const words = [
      ...(namespace ? ['namespaces', namespace] : []),
      this.kind.plural,
      ...(name ? [name] : []),
      ...(subresource ? [subresource] : []),
    ];
    return `${root}/${words.map(encodeURIComponent).join('/')}`;
  }
}
