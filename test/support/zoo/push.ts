/** Pushes a source of the zoo by the product, and beside it by `ffmpeg -re`, and judges both. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { NativeError, type NativeErrorShape } from '@videopush/native';
import { childEnvironment, nodeBinary, repoRoot } from '../../../scripts/paths.mjs';
import { Program, run } from '../program.ts';
import { Push, settled } from '../sessions.ts';
import { Scratch } from '../tools.ts';
import { until } from '../until.ts';
import { type Fault, faultsOf, UPRIGHT } from './judge.ts';
import { make } from './make.ts';
import { observe, type Placement } from './observe.ts';
import { isRefused, type Recipe, type Refused, type Shown } from './recipe.ts';
import { serve } from './serve.ts';

export interface Outcome {
  faults: Fault[];
  /** What is known for the message of a failure. */
  said: string;
}

const ENCODER = { encoder: 'libx264', preset: 'ultrafast', bitRate: 4_000_000, gopFrames: 12 };
const LIMIT_MILLISECONDS = 30_000;
/** In which `ffmpeg -re` must be done with a source of two seconds. */
const FFMPEG_SECONDS = 20;

export const placementOf = ({ matrix = UPRIGHT, content }: Shown): Placement => ({
  matrix,
  ...(content && { content }),
});

type Failure = Pick<NativeErrorShape, 'code' | 'message'> & { action?: string };

function failureOf(cause: unknown): Failure {
  if (cause instanceof NativeError) return cause;
  throw cause;
}

/** What a push ended with, and what it counted. */
export interface Pushed {
  failure: Failure | null;
  discontinuities: { forward: number; backward: number; outlier: number };
  /** Frames of the source without an outcome. */
  unsettled: number;
}

export interface PushedSource {
  uri: string;
  target: string;
}

/** Calls `stop` when its scope takes longer than a push may. */
function limited(stop: () => void): Disposable {
  const timer = setTimeout(stop, LIMIT_MILLISECONDS);
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}

/** Pushes in this process. */
export async function pushHere(recipe: Recipe, { uri, target }: PushedSource): Promise<Pushed> {
  const { source, decode, expected } = recipe;
  await using push = new Push({
    source: { ...source, uri },
    outputs: target,
    ...(decode && { decode }),
    encode: { encoder: ENCODER },
  });
  // A source that is tried again and again, or waited for, shows as one of which frames are missing.
  using _ = limited(() => {
    push.decoder.abort();
    push.encoder.abort();
  });
  const ended = push.ended().then(
    () => null,
    (cause) => failureOf(cause),
  );
  // A refusal that may pass, such as that of a web server, is tried again for as long as one waits.
  if (isRefused(expected)) {
    await until('a refusal', () => push.decoder.snapshot().error, LIMIT_MILLISECONDS).catch(() => {});
    push.decoder.abort();
  }
  const failed = await push.decoder.wait().then(
    () => null,
    (cause) => failureOf(cause),
  );
  const { error, queue, discontinuities } = push.decoder.snapshot();
  const failure = failed ?? error;
  // Without a queue the encoder would wait for one.
  if (queue === null) return { failure, discontinuities, unsettled: 0 };
  const encoderFailure = await ended;
  const unsettled = push.encoder.snapshot().sourceFrames - settled(push.output().ledger);
  return { failure: failure ?? encoderFailure, discontinuities, unsettled };
}

interface Summary {
  type: string;
  error?: Failure | null;
  outputs?: { unsettled: number }[];
}

/** Pushes by the command, from the folder of the file. */
async function pushByCommand(cwd: string, word: string): Promise<Pushed> {
  const cli = join(repoRoot, 'cli', 'bin', 'videopush.mjs');
  const words = ['push', '--preset', 'ultrafast', '--bitrate', '4M', '--json', '--', word, 'out.mkv'];
  await using program = new Program(nodeBinary(), [cli, ...words], { cwd, env: childEnvironment() });
  const { code } = await program.waitForExit(LIMIT_MILLISECONDS);
  const lines = program.stdout.map((line) => JSON.parse(line) as Summary);
  const summary = lines.findLast(({ type }) => type === 'summary');
  const message = program.stderr.join(' ');
  const failure = summary?.error ?? (code === 0 ? null : { code: `exit ${code}`, message });
  return {
    failure,
    discontinuities: { forward: 0, backward: 0, outlier: 0 },
    unsettled: summary?.outputs?.[0]?.unsettled ?? 0,
  };
}

/** Has the source where the recipe wants it, and gives it to `use`. */
async function offered<T>(recipe: Recipe, scratch: Scratch, use: (uri: string) => Promise<T>): Promise<T> {
  const made = await make(recipe);
  if (recipe.file !== undefined) {
    cpSync(made, join(scratch.path, recipe.file));
    return use(recipe.word ?? recipe.file);
  }
  if (recipe.http === undefined) return use(made);
  await using served = await serve(made, `source.${recipe.ending}`, recipe.http);
  return await use(served.url);
}

const sentence = (failure: Failure | null): string =>
  failure ? `${failure.code}: ${failure.message}${failure.action ? `; ${failure.action}` : ''}` : '';

export function faultsOfRefusal({ refused, says }: Refused, failure: Failure | null): Fault[] {
  if (failure === null) return [{ kind: 'taken', detail: '' }];
  const right = failure.code === refused && failure.message.includes(says);
  return right ? [] : [{ kind: 'failed', detail: sentence(failure) }];
}

function faultsOfEnding(shown: Shown, pushed: Pushed): Fault[] {
  const { failure, discontinuities, unsettled } = pushed;
  const faults: Fault[] = [];
  if ((failure?.code ?? null) !== (shown.error ?? null)) {
    faults.push({ kind: 'error', detail: sentence(failure) });
  }
  if (unsettled !== 0) faults.push({ kind: 'missing', detail: `${unsettled}` });
  if (shown.discontinuities) {
    const wanted = { forward: 0, backward: 0, outlier: 0, ...shown.discontinuities };
    if (JSON.stringify(wanted) !== JSON.stringify(discontinuities)) {
      faults.push({ kind: 'discontinuities', detail: JSON.stringify(discontinuities) });
    }
  }
  return faults;
}

/** By the product to a file, which is then read by ffmpeg. */
export async function pushToFile(recipe: Recipe): Promise<Outcome> {
  using scratch = new Scratch();
  const target = scratch.file('out.mkv');
  const pushed = await offered(recipe, scratch, (uri) =>
    recipe.file === undefined ? pushHere(recipe, { uri, target }) : pushByCommand(scratch.path, uri),
  );
  const said = sentence(pushed.failure);
  const { expected } = recipe;
  if (isRefused(expected)) return { faults: faultsOfRefusal(expected, pushed.failure), said };
  const ending = faultsOfEnding(expected, pushed);
  const seen = await observe(target, placementOf(expected)).catch((cause: Error) => cause);
  if (seen instanceof Error) return { faults: [...ending, { kind: 'failed', detail: said }], said };
  return { faults: [...ending, ...faultsOf(recipe, expected, seen)], said };
}

/** By `ffmpeg -re` with the same encoder. What the product refuses is judged by whether pictures come out. */
export async function pushByFfmpeg(recipe: Recipe): Promise<Outcome> {
  using scratch = new Scratch();
  const target = scratch.file('out.mkv');
  const encode = ['-c:v', 'libx264', '-preset', 'ultrafast', '-b:v', '4M', '-g', '12', '-an', '-sn', '-dn'];
  const failed = await offered(recipe, scratch, async (uri) => {
    const input = recipe.file === undefined ? uri : uri.replace(/^-/, './-');
    const words = [
      '-v',
      'error',
      '-nostdin',
      '-y',
      '-re',
      '-i',
      input,
      ...(recipe.ffmpeg ?? []),
      ...encode,
      target,
    ];
    return run('ffmpeg', words, { cwd: scratch.path, limitMilliseconds: 1000 * FFMPEG_SECONDS }).then(
      () => null,
      (cause: Error) => cause,
    );
  });
  const said = failed?.message ?? '';
  if (said.includes('signal SIGKILL'))
    return { faults: [{ kind: 'stuck', detail: `${FFMPEG_SECONDS}` }], said };
  const { expected } = recipe;
  const shown = isRefused(expected) ? {} : expected;
  const seen = await observe(target, placementOf(shown)).catch((cause: Error) => cause);
  if (seen instanceof Error) return { faults: [{ kind: 'failed', detail: '' }], said };
  if (isRefused(expected)) return { faults: [{ kind: 'taken', detail: `${seen.pictures.length}` }], said };
  return { faults: faultsOf(recipe, expected, seen), said };
}
