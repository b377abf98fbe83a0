/**
 * Events of events.k8s.io/v1 for people who run `kubectl describe`: one object per cause, counted up when it
 * happens again (its `series`), never a flood.
 */
import type { KubeObject, ResourceKind } from '@videopush/resources/objects';
import { type Clock, microTime, within } from './clock.ts';
import type { Resource } from './resource.ts';

export const EVENTS: ResourceKind = {
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
};

export interface EventWords {
  type: 'Normal' | 'Warning';
  /** why, one CamelCase word that is API: Published, SourceUnreachable */
  reason: string;
  /** what was done or tried, one CamelCase word: Apply, Connect */
  action: string;
  /** a sentence; cut at 1 kB as the API server demands */
  note: string;
}

export interface RecorderOptions {
  events: Resource;
  clock: Clock;
  /** such as videopush.dev/operator */
  controller: string;
  /** the pod's name */
  instance: string;
  /**
   * an event with the same cause within this time is counted, not written again; milliseconds, default 600000
   */
  window?: number;
  onError?: (error: unknown) => void;
}

const MAX_NOTE_BYTES = 1024;
/** Time limit of one write, in milliseconds. */
const LIMIT = 10_000;

interface Recorded {
  at: number;
  count: number;
  object: KubeObject;
}

export class EventRecorder {
  readonly #options: Required<Omit<RecorderOptions, 'onError'>> & Pick<RecorderOptions, 'onError'>;
  readonly #recorded = new Map<string, Recorded>();
  #writing: Promise<void> = Promise.resolve();

  constructor(options: RecorderOptions) {
    this.#options = { window: 600_000, ...options };
  }

  /** Writes an event about `regarding` in the background; onError gets the error of a write that fails. */
  record(regarding: KubeObject, words: EventWords): void {
    this.#writing = this.#writing.then(() => this.#write(regarding, words));
  }

  /** Resolves when all that was recorded is written. */
  flush(): Promise<void> {
    return this.#writing;
  }

  async #write(regarding: KubeObject, words: EventWords): Promise<void> {
    const { events, clock, onError } = this.#options;
    this.#forget();
    const cause = [regarding.metadata.uid, words.type, words.reason, words.action, words.note].join('\n');
    const before = this.#recorded.get(cause);
    try {
      const object = before ? again(before, clock) : this.#first(regarding, words);
      const stored = await within(clock, LIMIT, 'no answer in time', (signal) =>
        before ? events.replace(object, signal) : events.create(object, signal),
      );
      this.#recorded.set(cause, { at: clock.now(), count: (before?.count ?? 0) + 1, object: stored });
    } catch (error) {
      this.#recorded.delete(cause); // the next event of this cause is created again
      onError?.(error);
    }
  }

  #first(regarding: KubeObject, { type, reason, action, note }: EventWords): KubeObject {
    const { clock, controller, instance } = this.#options;
    const { name, namespace, uid, resourceVersion } = regarding.metadata;
    const random = Math.floor(clock.random() * 2 ** 40).toString(36);
    return {
      metadata: {
        name: `${name.slice(0, 200)}.${clock.date().getTime().toString(36)}${random}`,
        namespace: namespace ?? 'default',
      },
      eventTime: microTime(clock.date()),
      reportingController: controller,
      reportingInstance: instance,
      type,
      reason,
      action,
      note: cut(note),
      regarding: {
        apiVersion: regarding.apiVersion,
        kind: regarding.kind,
        name,
        namespace,
        uid,
        resourceVersion,
      },
    };
  }

  #forget(): void {
    const { clock, window } = this.#options;
    for (const [cause, { at }] of this.#recorded) if (clock.now() - at > window) this.#recorded.delete(cause);
  }
}

const again = ({ object, count }: Recorded, clock: Clock): KubeObject => ({
  ...object,
  series: { count: count + 1, lastObservedTime: microTime(clock.date()) },
});

function cut(note: string): string {
  const bytes = Buffer.from(note);
  if (bytes.length <= MAX_NOTE_BYTES) return note;
  const most = bytes.subarray(0, MAX_NOTE_BYTES - 3).toString('utf8');
  return `${most.replace(/\ufffd$/, '')}…`;
}
