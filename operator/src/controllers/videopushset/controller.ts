/** Brings the streams of one set closer to what its VideoPushSet asks for, and says how they stand. */

import { SET_FIELD_MANAGER } from '@videopush/resources/builders/names';
import { stamped } from '@videopush/resources/builders/origin';
import { buildMembers } from '@videopush/resources/builders/videopushset';
import { VIDEO_PUSH_SETS, VIDEO_PUSHES } from '@videopush/resources/kinds';
import { type KubeObject, keyOf, typed } from '@videopush/resources/objects';
import type { EventWords } from '../../kube/events.ts';
import type { Index } from '../../kube/store.ts';
import type { ReconcileResult } from '../../runtime/controller.ts';
import type { ControlContext } from '../shared/context.ts';
import { ownedBy } from '../shared/ownership.ts';
import type { Problem } from '../shared/problem.ts';
import { nextReconcile, ResourceWriter } from '../shared/resource-writer.ts';
import type { Observation, StoredMember, StoredSet } from './observation.ts';
import { type Plan, plan } from './plan.ts';
import { judgeStatus } from './status.ts';

/** Writes at a time: a set of a thousand must not keep the streams' own controller from the API server. */
const AT_A_TIME = 8;

interface Desired {
  uid: string;
  generation: number;
  members: readonly KubeObject[];
}

export class VideoPushSetController {
  readonly #context: ControlContext;
  readonly #membersBySet: Index;
  readonly #writer: ResourceWriter;
  /**
   * by key: building and hashing a thousand members for each of their own changes would be a second's work
   */
  readonly #desired = new Map<string, Desired>();

  /** `membersBySet`: streams by namespace/name of the set that controls them. */
  constructor(context: ControlContext, membersBySet: Index) {
    this.#context = context;
    this.#membersBySet = membersBySet;
    this.#writer = new ResourceWriter(context, {
      kind: VIDEO_PUSH_SETS,
      children: [VIDEO_PUSHES],
      fieldManager: SET_FIELD_MANAGER,
    });
  }

  async reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult | undefined> {
    const set = this.#context.store(VIDEO_PUSH_SETS).get(key) as StoredSet | undefined;
    // The cluster deletes the streams of a deleted set.
    if (!set || set.metadata.deletionTimestamp) {
      this.#desired.delete(key);
      return undefined;
    }
    const observed = this.#observe(key, set);
    const decision = plan(observed);
    const refused = await this.#carryOut(decision, signal);
    await this.#report(observed, decision, refused, signal);
    return nextReconcile(refused, decision.requeueAfter);
  }

  #observe(key: string, set: StoredSet): Observation {
    const { clock } = this.#context;
    const desired = this.#members(key, typed(set, VIDEO_PUSH_SETS));
    const pushes = this.#context.store(VIDEO_PUSHES);
    const found = desired.flatMap((member): [string, StoredMember][] => {
      const stored = pushes.get(keyOf(member));
      return stored ? [[member.metadata.name, stored as StoredMember]] : [];
    });
    return Object.freeze({
      set: typed(set, VIDEO_PUSH_SETS),
      desired,
      stored: new Map(found),
      owned: this.#membersBySet
        .get(key)
        .filter((member) => ownedBy(member, set.metadata.uid)) as StoredMember[],
      judge: (object: KubeObject, stored: KubeObject | null) =>
        this.#writer.applied.judge(object, stored && typed(stored, VIDEO_PUSHES), clock.now()),
      now: clock.date(),
    });
  }

  #members(key: string, set: StoredSet): readonly KubeObject[] {
    const { uid, generation = 0 } = set.metadata;
    const known = this.#desired.get(key);
    if (known?.uid === uid && known.generation === generation) return known.members;
    const built = buildMembers(set as Parameters<typeof buildMembers>[0]) as unknown as KubeObject[];
    const members = built.map(stamped);
    this.#desired.set(key, { uid, generation, members });
    return members;
  }

  async #carryOut({ deletes, applies }: Plan, signal: AbortSignal): Promise<Problem | null> {
    const refusals: Problem[] = [];
    await forAll(deletes, (member) => this.#writer.delete(typed(member, VIDEO_PUSHES), signal));
    await forAll(applies, async (member) => {
      const refused = await this.#writer.apply(member, signal);
      if (refused) refusals.push(refused);
    });
    return refusals[0] ?? null;
  }

  async #report(
    observed: Observation,
    decision: Plan,
    refused: Problem | null,
    signal: AbortSignal,
  ): Promise<void> {
    const events = refused ? [refusedEvent(refused)] : decision.events;
    await this.#writer.report(observed.set, judgeStatus(observed, decision, refused), events, signal);
  }
}

const refusedEvent = ({ reason, message }: Problem): EventWords => ({
  type: 'Warning',
  reason,
  action: 'Apply',
  note: message,
});

/**
 * Some at a time. After the first that fails nothing new is begun; resolves or
 * rejects when nothing is under way.
 */
async function forAll<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  const left = items.values();
  let failure: { error: unknown } | undefined;
  const work = async (): Promise<void> => {
    for (const item of left) {
      if (failure) return;
      await act(item).catch((error: unknown) => {
        failure ??= { error };
      });
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  if (failure) throw failure.error;
}
