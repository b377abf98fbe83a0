/** Brings one stream closer to what its VideoPush asks for, and says how it stands. */

import { REASONS } from '@videopush/resources/builders/conditions';
import { FIELD_MANAGER } from '@videopush/resources/builders/names';
import type { JetStreamPlace } from '@videopush/resources/builders/videopush';
import { VIDEO_PUSHES } from '@videopush/resources/kinds';
import { typed } from '@videopush/resources/objects';
import { aborted } from '../../kube/clock.ts';
import { CONFIG_MAPS, DEPLOYMENTS, JOBS } from '../../kube/kinds.ts';
import type { ReconcileResult } from '../../runtime/controller.ts';
import type { ControlContext } from '../shared/context.ts';
import { KnownUids } from '../shared/known-uids.ts';
import { type Problem, sentence } from '../shared/problem.ts';
import { nextReconcile, ResourceWriter } from '../shared/resource-writer.ts';
import { harmless } from '../shared/write-errors.ts';
import { RestartCounter } from '../workers/restart-counter.ts';
import { SourceJumps } from '../workers/source-jumps.ts';
import { WorkerPoller } from '../workers/worker-poller.ts';
import type { Plan } from './decision.ts';
import { eventsOf } from './events.ts';
import type { StreamIndexes } from './indexes.ts';
import type { Observation, StoredPush } from './observation.ts';
import { type Lookup, observe } from './observe.ts';
import { plan } from './plan.ts';
import { leftBehind } from './queue.ts';
import { judgeStatus } from './status.ts';

/** What came of a plan. */
interface Outcome {
  /** what the API server refuses: only another specification, quota or permission fixes it */
  refused: Problem | null;
  /** a stream in JetStream could not be deleted: it is tried again */
  queueError: Error | null;
}

export class VideoPushController {
  readonly #context: ControlContext;
  readonly #writer: ResourceWriter;
  readonly #lookup: Lookup;
  readonly #known = new KnownUids((key, uid) => this.#letGo(key, uid));

  /** `wake`: the stream of that key is to be reconciled. */
  constructor(context: ControlContext, indexes: StreamIndexes, wake: (key: string) => void) {
    this.#context = context;
    const poller = new WorkerPoller({ clock: context.clock, fetch: context.fetchPage, onNews: wake });
    this.#writer = new ResourceWriter(context, {
      kind: VIDEO_PUSHES,
      children: [CONFIG_MAPS, DEPLOYMENTS, JOBS],
    });
    const { applied } = this.#writer;
    this.#lookup = {
      context,
      indexes,
      poller,
      applied,
      restarts: new RestartCounter(),
      jumps: new SourceJumps(),
    };
  }

  async reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult | undefined> {
    const push = this.#context.store(VIDEO_PUSHES).get(key) as StoredPush | undefined;
    if (!push) {
      this.#known.forget(key);
      return undefined;
    }
    this.#known.remember(key, push);
    const observed = await observe(typed(push, VIDEO_PUSHES), this.#lookup, signal);
    const decision = plan(observed, this.#context.defaults);
    const { refused, queueError } = await this.#carryOut(observed, decision, signal);
    const trouble = refused ?? (decision.situation.kind === 'Terminating' ? heldUp(queueError) : null);
    await this.#report(observed, decision, trouble, signal);
    if (queueError) throw queueError;
    return nextReconcile(refused, decision.requeueAfter);
  }

  /** Runs while this process leads. */
  async background(signal: AbortSignal): Promise<void> {
    this.#lookup.restarts.clear();
    this.#lookup.jumps.clear();
    await aborted(signal);
    this.#lookup.poller.clear();
  }

  async #carryOut(observed: Observation, decision: Plan, signal: AbortSignal): Promise<Outcome> {
    const { finalizers, leftQueue, jetStreamDeletes } = decision;
    const { push } = observed;
    if (finalizers && finalizers.length > 0) await this.#setFinalizers(push, finalizers, signal);
    const refused = await this.#writer.carryOut(decision, signal, async () => {
      if (leftQueue) await this.#leaveQueue(leftQueue, push, signal);
      return null;
    });
    try {
      for (const place of jetStreamDeletes) await this.#context.deleteStream(place, signal);
    } catch (error) {
      return { refused, queueError: error as Error };
    }
    if (finalizers?.length === 0) await this.#setFinalizers(push, [], signal);
    return { refused, queueError: null };
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

  /**
   * Sets our own finalizers alone, since others' are theirs. The uid keeps a
   * deleted resource from coming back.
   */
  async #setFinalizers(push: StoredPush, finalizers: readonly string[], signal: AbortSignal): Promise<void> {
    const { name, namespace, uid } = push.metadata;
    const metadata = { name, namespace, uid, ...(finalizers.length > 0 && { finalizers: [...finalizers] }) };
    const applied = this.#context
      .resource(VIDEO_PUSHES)
      .apply({ metadata }, { fieldManager: FIELD_MANAGER, signal });
    await (finalizers.length > 0 ? applied : harmless(applied));
  }

  async #report(
    observed: Observation,
    { situation, events }: Plan,
    refused: Problem | null,
    signal: AbortSignal,
  ): Promise<void> {
    const judged = judgeStatus(observed, situation, this.#context.defaults, refused);
    const done = refused ? events.filter(({ reason }) => reason !== 'Updated') : events;
    const seen = eventsOf(observed, situation, judged);
    await this.#writer.report(observed.push, judged, [...done, ...seen], signal);
  }

  #letGo(key: string, uid: string): void {
    this.#lookup.poller.follow(key, []);
    this.#lookup.restarts.forget(uid);
    this.#lookup.jumps.forget(uid);
  }
}

/** A deletion that waits for NATS says so. */
function heldUp(error: Error | null): Problem | null {
  return error && { reason: REASONS.queueUnavailable, message: sentence(error.message), stalled: false };
}
