/** Brings one stream closer to what its VideoPush asks for, and says how it stands. */

import { REASONS } from '@videopush/resources/builders/conditions';
import { FIELD_MANAGER, STATUS_FIELD_MANAGER } from '@videopush/resources/builders/names';
import type { JetStreamPlace } from '@videopush/resources/builders/videopush';
import { VIDEO_PUSHES } from '@videopush/resources/kinds';
import type { KubeObject, ResourceKind } from '@videopush/resources/objects';
import { aborted } from '../../kube/clock.ts';
import { CONFIG_MAPS, DEPLOYMENTS, JOBS, PODS } from '../../kube/kinds.ts';
import type { ReconcileResult } from '../../runtime/controller.ts';
import { AppliedBook } from '../shared/applied.ts';
import type { ControlContext } from '../shared/context.ts';
import { type Problem, sentence } from '../shared/problem.ts';
import { sameStatus } from '../shared/status.ts';
import { annotate, harmless, refusal } from '../shared/writes.ts';
import { RestartCounter } from '../workers/restart-counter.ts';
import { WorkerPoller } from '../workers/worker-poller.ts';
import { eventsOf } from './events.ts';
import { keyOfPush, type Lookup, observe } from './observe.ts';
import type { Observed, StoredPush } from './observed.ts';
import { type Plan, plan } from './plan.ts';
import { leftBehind } from './queue.ts';
import { judgeStatus } from './status.ts';
import type { StreamIndexes } from './stores.ts';

const KINDS: Readonly<Record<string, ResourceKind>> = {
  ConfigMap: CONFIG_MAPS,
  Deployment: DEPLOYMENTS,
  Job: JOBS,
};

/** Quotas and permissions change without a word to us. */
const REFUSED_RETRY = 30_000;

/** What came of a plan. */
interface Outcome {
  /** what the API server does not take, which only another specification, quota or permission mends */
  refused: Problem | null;
  /** a stream in JetStream could not be deleted: it is tried again */
  queueError: Error | null;
}

export class VideoPushController {
  readonly #context: ControlContext;
  readonly #lookup: Lookup;
  /** uid by key, to let go of what is kept of a resource that is gone */
  readonly #known = new Map<string, string>();

  /** `wake`: the stream of that key wants a look. */
  constructor(context: ControlContext, indexes: StreamIndexes, wake: (key: string) => void) {
    this.#context = context;
    const poller = new WorkerPoller({ clock: context.clock, fetch: context.fetchPage, onNews: wake });
    this.#lookup = { context, indexes, poller, applied: new AppliedBook(), restarts: new RestartCounter() };
  }

  async reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult | undefined> {
    const push = this.#context.store(VIDEO_PUSHES).get(key) as StoredPush | undefined;
    if (!push) {
      this.#forget(key);
      return undefined;
    }
    this.#remember(key, push);
    const observed = await observe(typed(push), this.#lookup, signal);
    const decision = plan(observed, this.#context.defaults);
    const { refused, queueError } = await this.#carryOut(observed, decision, signal);
    const trouble = refused ?? (decision.situation.kind === 'Terminating' ? heldUp(queueError) : null);
    await this.#tell(observed, decision, trouble, signal);
    if (queueError) throw queueError;
    const requeueAfter = refused ? REFUSED_RETRY : decision.requeueAfter;
    return requeueAfter === undefined ? undefined : { requeueAfterMilliseconds: requeueAfter };
  }

  /** While this process leads. */
  async background(signal: AbortSignal): Promise<void> {
    this.#lookup.restarts.clear();
    await aborted(signal);
    this.#lookup.poller.clear();
  }

  async #carryOut(observed: Observed, decision: Plan, signal: AbortSignal): Promise<Outcome> {
    const { finalizers, deletes, leftQueue, applies, podAnnotations, jetStreamDeletes } = decision;
    const { push } = observed;
    if (finalizers && finalizers.length > 0) await this.#setFinalizers(push, finalizers, signal);
    for (const object of deletes) await this.#delete(object, push, signal);
    if (leftQueue) await this.#leaveQueue(leftQueue, push, signal);
    const refused = await this.#applyAll(applies, push, signal);
    if (!refused)
      for (const { pod, annotations } of podAnnotations)
        await annotate(this.#context.resource(PODS), pod, annotations, signal);
    try {
      for (const place of jetStreamDeletes) await this.#context.deleteStream(place, signal);
    } catch (error) {
      return { refused, queueError: error as Error };
    }
    if (finalizers?.length === 0) await this.#setFinalizers(push, [], signal);
    return { refused, queueError: null };
  }

  async #applyAll(
    objects: readonly KubeObject[],
    push: StoredPush,
    signal: AbortSignal,
  ): Promise<Problem | null> {
    const { clock, log } = this.#context;
    for (const object of objects) {
      const resource = this.#context.resource(kindOf(object));
      try {
        const answer = await resource.apply(object, { fieldManager: FIELD_MANAGER, signal });
        this.#lookup.applied.remember(object, answer, clock.now());
        log.info({ push: keyOfPush(push) }, `Applied ${object.kind} ${object.metadata.name}`);
      } catch (error) {
        const refused = refusal(error, object);
        if (!refused) throw error;
        return refused;
      }
    }
    return null;
  }

  async #delete(object: KubeObject, push: StoredPush, signal: AbortSignal): Promise<void> {
    const { uid } = object.metadata;
    const options = { uid, propagationPolicy: 'Background' } as const;
    await harmless(this.#context.resource(kindOf(object)).delete(object.metadata, options, signal));
    this.#context.log.info({ push: keyOfPush(push) }, `Deleted ${object.kind} ${object.metadata.name}`);
  }

  /** Once: a stream that goes to another NATS does so, maybe, because this one is lost. */
  async #leaveQueue(place: JetStreamPlace, push: StoredPush, signal: AbortSignal): Promise<void> {
    try {
      await this.#context.deleteStream(place, signal);
    } catch (error) {
      signal.throwIfAborted();
      this.#context.events.record(push, leftBehind(sentence((error as Error).message)));
    }
  }

  /** Of ours alone: others' finalizers are theirs. The uid keeps a deleted resource from coming back. */
  async #setFinalizers(push: StoredPush, finalizers: readonly string[], signal: AbortSignal): Promise<void> {
    const { name, namespace, uid } = push.metadata;
    const metadata = { name, namespace, uid, ...(finalizers.length > 0 && { finalizers: [...finalizers] }) };
    const applied = this.#context
      .resource(VIDEO_PUSHES)
      .apply({ metadata }, { fieldManager: FIELD_MANAGER, signal });
    await (finalizers.length > 0 ? applied : harmless(applied));
  }

  /** One write of the status when it says something new, then the events: never of what was not stored. */
  async #tell(
    observed: Observed,
    { situation, events }: Plan,
    refused: Problem | null,
    signal: AbortSignal,
  ): Promise<void> {
    const { push } = observed;
    const judged = judgeStatus(observed, situation, this.#context.defaults, refused);
    if (!sameStatus(push.status, judged.status)) {
      const { name, namespace } = push.metadata;
      const object = { metadata: { name, namespace }, status: judged.status };
      const options = { fieldManager: STATUS_FIELD_MANAGER, subresource: 'status', signal };
      const written = this.#context.resource(VIDEO_PUSHES).apply(object, options);
      await (situation.kind === 'Terminating' ? harmless(written) : written);
      const { reason, message } = judged.ready;
      this.#context.log.info({ push: keyOfPush(push), reason }, message);
    }
    const told = refused ? events.filter(({ reason }) => reason !== 'Updated') : events;
    for (const words of [...told, ...eventsOf(observed, situation, judged)])
      this.#context.events.record(push, words);
  }

  #remember(key: string, { metadata: { uid } }: StoredPush): void {
    const before = this.#known.get(key);
    if (before !== undefined && before !== uid) this.#forget(key);
    this.#known.set(key, uid);
  }

  #forget(key: string): void {
    this.#lookup.poller.follow(key, []);
    this.#lookup.restarts.forget(this.#known.get(key) ?? '');
    this.#known.delete(key);
  }
}

/** Objects of a list do not say what they are; owner references and events have to. */
const typed = (push: StoredPush): StoredPush => ({
  ...push,
  apiVersion: 'videopush.dev/v1alpha1',
  kind: 'VideoPush',
});

function kindOf({ kind = '' }: KubeObject): ResourceKind {
  const found = KINDS[kind];
  if (!found) throw new Error(`no child of a stream is a ${kind}`);
  return found;
}

/** A deletion that waits for NATS says so. */
function heldUp(error: Error | null): Problem | null {
  return error && { reason: REASONS.queueUnavailable, message: sentence(error.message), stalled: false };
}
