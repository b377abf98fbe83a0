/** Ready and healthy: pure judgements about what a session says of itself. */
import type { DecodeSnapshot, EncodeSnapshot, NativeErrorShape, OutputSnapshot } from '@videopush/native';
import type { HealthReport } from '@videopush/resources/health-server';

/** A source that has given no frame for this long is not ready. */
const FRAME_WITHIN_SECONDS = 5;

/** A session with work to do and nothing done for this long has lost its threads. */
export const STUCK_AFTER_SECONDS = 60;

const yes = (code: string, message: string): HealthReport => ({ ok: true, code, message });
const no = (code: string, message: string): HealthReport => ({ ok: false, code, message });

/** Cause and advice in one line. */
export function faultText({ message, action }: NativeErrorShape): string {
  return action === '' ? message : `${message}; ${action}`;
}

const fault = (error: NativeErrorShape): HealthReport => no(error.code, faultText(error));

/** Source open, and a frame within 5 s, or blocked on a full queue, or ended. */
export function decoderReady(snapshot: DecodeSnapshot | null): HealthReport {
  if (!snapshot) return no('Starting', 'the decoder is starting');
  const { phase, error, secondsSinceLastFrame: age } = snapshot;
  switch (phase) {
    case 'Opening':
      return error ? fault(error) : no('Opening', 'the source is being opened');
    case 'Blocked':
      return yes('QueueFull', 'the queue is full; the decoder waits for the encoder');
    case 'Ended':
      return yes('Ended', 'the source has ended and everything is in the queue');
    case 'Running':
      if (age === null) return no('NoFrameYet', 'the source is open and has given no frame yet');
      if (age <= FRAME_WITHIN_SECONDS) return yes('Running', 'the source gives frames');
      return no('SourceStalled', `the source has given no frame for ${Math.round(age)} s`);
    case 'Waiting':
      return error ? fault(error) : no('Waiting', 'the source was lost; it is opened again');
    case 'Failed':
      return error ? fault(error) : no('Failed', 'the decoder failed');
  }
}

/** Every output connected, or everything sent. */
export function encoderReady(snapshot: EncodeSnapshot | null): HealthReport {
  if (!snapshot) return no('Starting', 'the encoder is starting');
  if (snapshot.ended) return yes('Ended', 'everything was sent');
  if (snapshot.error) return fault(snapshot.error);
  const missing = snapshot.outputs.filter(({ phase }) => phase !== 'Connected');
  const [first] = missing;
  if (!first) return yes('Connected', 'every output is connected');
  return no(missingCode(first), missing.map(describeOutput).join(' | '));
}

function missingCode({ phase, error }: OutputSnapshot): string {
  if (error) return error.code;
  return phase === 'Idle' ? 'WaitingForFrames' : phase;
}

function describeOutput({ name, phase, error }: OutputSnapshot): string {
  if (error) return `output ${name}: ${faultText(error)}`;
  return `output ${name}: ${phase === 'Idle' ? 'waits for the first frame' : phase.toLowerCase()}`;
}

/** How far a session has come, and whether there is something for it to do. */
export interface Progress {
  count: number;
  busy: boolean;
}

export function decoderProgress(snapshot: DecodeSnapshot): Progress {
  // A source that is silent has limits of its own and leaves Running by itself.
  return { count: snapshot.demuxed + snapshot.decoded, busy: snapshot.phase === 'Running' };
}

export function encoderProgress(snapshot: EncodeSnapshot): Progress {
  const connected = snapshot.outputs.filter(({ phase }) => phase === 'Connected');
  const waiting = (snapshot.queue?.depth ?? 0) > 0;
  // A picture that is shown for minutes rightly holds up what follows it.
  const holding = connected.some(({ secondsUntilDue }) => secondsUntilDue !== null && secondsUntilDue > 0);
  return {
    count: snapshot.dequeued,
    busy: snapshot.running && connected.length > 0 && waiting && !holding,
  };
}

/**
 * Watches progress over the calls of /healthz. The event loop proves itself by answering; native threads
 * prove themselves by going on whenever there is something to do.
 */
export class StuckWatch {
  readonly #now: () => number;
  #count = -1;
  #since = 0;

  /** `now`: seconds, monotonic. */
  constructor(now: () => number) {
    this.#now = now;
  }

  judge(progress: Progress | null): HealthReport {
    const now = this.#now();
    if (!progress?.busy || progress.count !== this.#count) {
      this.#count = progress?.count ?? -1;
      this.#since = now;
      return yes('Alive', 'the event loop and the native threads are alive');
    }
    const still = now - this.#since;
    if (still < STUCK_AFTER_SECONDS) return yes('Alive', `no progress for ${Math.round(still)} s`);
    return no('Stuck', `there is work to do and no progress for ${Math.round(still)} s`);
  }
}
