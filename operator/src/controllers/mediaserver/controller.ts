/** Brings one media server closer to what its MediaServer asks for, and says how it stands. */

import type { ApiPlace, ServerApi } from '@videopush/resources/builders/mediaserver';
import { MEDIA_SERVERS } from '@videopush/resources/kinds';
import { type KubeObject, keyOf, typed } from '@videopush/resources/objects';
import { aborted } from '../../kube/clock.ts';
import { isConflict } from '../../kube/errors.ts';
import { PODS, SECRETS } from '../../kube/kinds.ts';
import type { ReconcileResult } from '../../runtime/controller.ts';
import type { ControlContext } from '../shared/context.ts';
import { KnownUids } from '../shared/known-uids.ts';
import type { Problem } from '../shared/problem.ts';
import { nextReconcile, ResourceWriter } from '../shared/resource-writer.ts';
import { refusal } from '../shared/write-errors.ts';
import { CreatedSecrets } from './created-secrets.ts';
import type { Plan } from './decision.ts';
import { eventsOf } from './events.ts';
import { CHILDREN, type ServerIndexes } from './indexes.ts';
import { ONLY_KIND } from './kinds/index.ts';
import type { PathFigures } from './metrics.ts';
import type { Observation, StoredServer } from './observation.ts';
import { type Lookup, observe } from './observe.ts';
import { plan, STEADY } from './plan.ts';
import { apiAddress } from './pod.ts';
import { judgeStatus, type Outcome } from './status.ts';

/** Spread of the polls of running servers, so that they do not fall together. */
const JITTER = 0.2;

export class MediaServerController {
  readonly #context: ControlContext;
  readonly #writer: ResourceWriter;
  readonly #lookup: Lookup;
  readonly #secrets = new CreatedSecrets();
  readonly #figures: PathFigures;
  readonly #known = new KnownUids((_, uid) => this.#letGo(uid));

  constructor(context: ControlContext, indexes: ServerIndexes, api: ServerApi, figures: PathFigures) {
    this.#context = context;
    this.#figures = figures;
    this.#writer = new ResourceWriter(context, { kind: MEDIA_SERVERS, children: CHILDREN });
    this.#lookup = {
      context,
      indexes,
      api,
      applied: this.#writer.applied,
      lingering: new ONLY_KIND.LingeringPaths(),
      heardAt: new Map(),
      createdSecrets: ({ metadata: { uid } }) => this.#secrets.of(uid, context.clock.now()),
    };
  }

  async reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult | undefined> {
    const server = this.#context.store(MEDIA_SERVERS).get(key) as StoredServer | undefined;
    // The cluster deletes the children of a deleted server; the operator does nothing more for it.
    if (!server || server.metadata.deletionTimestamp) {
      this.#known.forget(key);
      return undefined;
    }
    this.#known.remember(key, server);
    const observed = await observe(typed(server, MEDIA_SERVERS), this.#lookup, signal);
    const decision = plan(observed, this.#context.defaults);
    const outcome = await this.#carryOut(observed, decision, signal);
    signal.throwIfAborted();
    this.#note(observed, decision, outcome);
    await this.#report(observed, decision, outcome, signal);
    return this.#next(decision, outcome);
  }

  /** Runs while this process leads; afterwards the figures are another one's to show. */
  async background(signal: AbortSignal): Promise<void> {
    await aborted(signal);
    this.#figures.clear();
  }

  #next({ requeueAfter }: Plan, { refused }: Outcome): ReconcileResult | undefined {
    const spread = requeueAfter === STEADY ? 1 + JITTER * (2 * this.#context.clock.random() - 1) : 1;
    return nextReconcile(refused, requeueAfter === undefined ? undefined : requeueAfter * spread);
  }

  async #carryOut(observed: Observation, decision: Plan, signal: AbortSignal): Promise<Outcome> {
    const refused = await this.#writer.carryOut(decision, signal, () =>
      this.#createAll(decision.creates, observed.server, signal),
    );
    if (refused) return { refused, missingPaths: [] };
    return { refused: null, missingPaths: await this.#changePaths(observed, decision, signal) };
  }

  async #createAll(
    secrets: readonly KubeObject[],
    { metadata: { uid } }: StoredServer,
    signal: AbortSignal,
  ): Promise<Problem | null> {
    for (const secret of secrets) {
      try {
        await this.#context.resource(SECRETS).create(secret, signal);
        this.#context.log.info({ object: keyOf(secret) }, `Created Secret ${secret.metadata.name}`);
      } catch (error) {
        // The name of the Secret contains a hash of its content, so an existing one has the same content.
        const refused = isConflict(error) ? null : refusal(error, secret);
        if (refused) return refused;
        if (!isConflict(error)) throw error;
      }
      this.#secrets.add(uid, secret.metadata.name, this.#context.clock.now());
    }
    return null;
  }

  /** Those that the running server still lacks. */
  async #changePaths(
    { pod, credentials, api, paths }: Observation,
    { addPaths, removePaths }: Plan,
    signal: AbortSignal,
  ): Promise<string[]> {
    const host = apiAddress(pod);
    if (host === undefined || !credentials || api.state !== 'Answered') return paths.map(({ name }) => name);
    const place: ApiPlace = { host, account: credentials.operator };
    for (const path of addPaths) await this.#lookup.api.add(place, path, signal);
    for (const name of removePaths) await this.#lookup.api.remove(place, name, signal);
    return [];
  }

  /** Records the paths of a server, where the controller of streams reads them, and its metrics. */
  #note({ server, api, paths }: Observation, { situation, addPaths }: Plan, { missingPaths }: Outcome): void {
    const { uid, namespace, name } = server.metadata;
    if (situation.kind !== 'Live') {
      this.#context.paths.forget(uid);
      this.#figures.set(uid, { namespace, name }, []);
      return;
    }
    if (api.state === 'Silent') return; // what was seen a moment ago is still the best that is known
    const seen = api.state === 'Answered' ? api.paths : [];
    const online = new Set(seen.filter((path) => path.online).map((path) => path.name));
    const added = new Set(addPaths.map((path) => path.name));
    const missing = new Set(missingPaths);
    const there = paths.filter((path) => !missing.has(path.name));
    this.#context.paths.set(
      uid,
      // Whoever published there before was cut off when the path got its name.
      there.map((path) => ({ name: path.name, online: online.has(path.name) && !added.has(path.name) })),
    );
    this.#figures.set(uid, { namespace, name }, seen);
  }

  async #report(
    observed: Observation,
    { situation }: Plan,
    outcome: Outcome,
    signal: AbortSignal,
  ): Promise<void> {
    const { server } = observed;
    const judged = judgeStatus(observed, situation, outcome, this.#context.defaults);
    await this.#writer.report(server, judged, eventsOf(server.status, judged.ready), signal);
  }

  #letGo(uid: string): void {
    this.#context.paths.forget(uid);
    this.#figures.forget(uid);
    this.#secrets.forget(uid);
    this.#lookup.lingering.forget(uid);
    this.#forgetPods();
  }

  /** Pods come and go: those that are gone were asked for the last time. */
  #forgetPods(): void {
    const alive = new Set([...this.#context.store(PODS).values()].map(({ metadata }) => metadata.uid));
    for (const uid of this.#lookup.heardAt.keys()) if (!alive.has(uid)) this.#lookup.heardAt.delete(uid);
  }
}
