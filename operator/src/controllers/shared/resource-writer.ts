/** The writes that every controller makes alike: children applied and deleted, the status and its events. */
import type { ConditionDraft } from '@videopush/resources/builders/conditions';
import { FIELD_MANAGER, STATUS_FIELD_MANAGER } from '@videopush/resources/builders/names';
import { type KubeObject, keyOf, type ResourceKind } from '@videopush/resources/objects';
import { isNotFound } from '../../kube/errors.ts';
import type { EventWords } from '../../kube/events.ts';
import { PODS } from '../../kube/kinds.ts';
import type { ReconcileResult } from '../../runtime/controller.ts';
import type { ClusterChanges } from './cluster-changes.ts';
import type { ControlContext } from './context.ts';
import { DriftDetector } from './drift.ts';
import type { Problem } from './problem.ts';
import { sameStatus } from './status.ts';
import { annotate, harmless, refusal } from './write-errors.ts';

/**
 * Quotas, permissions and other people's ports change without an event: a refused write is tried
 * again this late, milliseconds.
 */
const REFUSED_RETRY = 30_000;

/** What a reconcile asks for next. */
export function nextReconcile(
  refused: Problem | null,
  requeueAfter: number | undefined,
): ReconcileResult | undefined {
  const wait = refused ? REFUSED_RETRY : requeueAfter;
  return wait === undefined ? undefined : { requeueAfterMilliseconds: wait };
}

/** A resource of ours as the API server keeps it. */
type Stored = KubeObject & { status?: object | undefined };

/** A status and the condition Ready in it. */
interface JudgedStatus {
  status: object;
  ready: Pick<ConditionDraft, 'reason' | 'message'>;
}

export interface WriterOptions {
  /** of the resources that the controller reconciles */
  kind: ResourceKind;
  /** of the objects that it makes for them */
  children: readonly ResourceKind[];
  /** under whose name its fields are kept; default: the operator's */
  fieldManager?: string;
}

export class ResourceWriter {
  readonly applied = new DriftDetector();
  readonly #context: ControlContext;
  readonly #options: Required<WriterOptions>;

  constructor(context: ControlContext, options: WriterOptions) {
    this.#context = context;
    this.#options = { fieldManager: FIELD_MANAGER, ...options };
  }

  /**
   * Deletes, applies and annotates, in this order. Returns why the API server refused an object, which ends
   * it; null: it took them all. `beforeApplies`: what comes between the deletes and the applies.
   */
  async carryOut(
    { deletes, applies, podAnnotations }: ClusterChanges,
    signal: AbortSignal,
    beforeApplies: () => Promise<Problem | null>,
  ): Promise<Problem | null> {
    for (const object of deletes) await this.delete(object, signal);
    const refused = (await beforeApplies()) ?? (await this.#applyAll(applies, signal));
    if (refused) return refused;
    for (const { pod, annotations } of podAnnotations)
      await annotate(this.#context.resource(PODS), pod, annotations, signal);
    return null;
  }

  async #applyAll(objects: readonly KubeObject[], signal: AbortSignal): Promise<Problem | null> {
    for (const object of objects) {
      const refused = await this.apply(object, signal);
      if (refused) return refused;
    }
    return null;
  }

  /** Returns why the API server refused the object; rejects when trying again may help. */
  async apply(object: KubeObject, signal: AbortSignal): Promise<Problem | null> {
    const { fieldManager } = this.#options;
    try {
      const answer = await this.#resourceOf(object).apply(object, { fieldManager, signal });
      this.applied.remember(object, answer, this.#context.clock.now());
      this.#log(object, 'Applied');
      return null;
    } catch (error) {
      const refused = refusal(error, object);
      if (!refused) throw error;
      return refused;
    }
  }

  /** Deletes this very object, whose own children follow it in the background. */
  async delete(object: KubeObject, signal: AbortSignal): Promise<void> {
    const { uid } = object.metadata;
    const options = { uid, propagationPolicy: 'Background' } as const;
    await harmless(this.#resourceOf(object).delete(object.metadata, options, signal));
    this.applied.forget(object);
    this.#log(object, 'Deleted');
  }

  /** Writes the status once when it has changed, then the events: none of them reports an unstored status. */
  async report(
    owner: Stored,
    judged: JudgedStatus,
    events: readonly EventWords[],
    signal: AbortSignal,
  ): Promise<void> {
    if (!(await this.#writeStatus(owner, judged, signal))) return;
    for (const words of events) this.#context.events.record(owner, words);
  }

  /** Returns whether the resource still exists and has this status. */
  async #writeStatus(owner: Stored, { status, ready }: JudgedStatus, signal: AbortSignal): Promise<boolean> {
    if (sameStatus(owner.status, status)) return true;
    const { name, namespace } = owner.metadata;
    const options = { fieldManager: STATUS_FIELD_MANAGER, subresource: 'status', signal };
    try {
      await this.#context
        .resource(this.#options.kind)
        .apply({ metadata: { name, namespace }, status }, options);
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
    const { kind } = this.#options.kind;
    this.#context.log.info({ resource: `${kind} ${keyOf(owner)}`, reason: ready.reason }, ready.message);
    return true;
  }

  #resourceOf({ kind = '' }: KubeObject): ReturnType<ControlContext['resource']> {
    const found = this.#options.children.find((child) => child.kind === kind);
    if (!found) throw new Error(`no child of a ${this.#options.kind.kind} is a ${kind}`);
    return this.#context.resource(found);
  }

  #log(object: KubeObject, what: string): void {
    this.#context.log.info({ object: keyOf(object) }, `${what} ${object.kind} ${object.metadata.name}`);
  }
}
