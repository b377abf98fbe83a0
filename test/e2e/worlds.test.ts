/** What may be wrong around a stream: its conditions name it within seconds, and forget it when it is mended. */
import { chmodSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeClip } from '../support/clips.ts';
import { type Cluster, hostPathVolume } from '../support/cluster/index.ts';
import { addClip } from '../support/e2e/clips-pod.ts';
import { openFixture } from '../support/e2e/fixture.ts';
import { mediaServer, SMALL_PATTERN, VIDEO, videoPush } from '../support/e2e/manifests.ts';
import type { TestNamespace } from '../support/e2e/namespace.ts';
import { RELEASE, releaseKubectl, suiteCluster } from '../support/e2e/suite.ts';
import { Scratch } from '../support/tools.ts';

/** What people are promised, from the apply or from the moment that something breaks. */
const NAMED_WITHIN = 15_000;
/** kubelet brings a changed Secret into a running pod within 90 s. */
const MENDED_WITHIN = 150_000;
const SERVER = 'live';
const CLAIM = 'films';

let cluster: Cluster;
let world: TestNamespace;
let film: string;
const scratch = new Scratch();
// It becomes a volume, whose files a pod's user must be able to read.
chmodSync(scratch.path, 0o755);

beforeAll(async () => {
  cluster = await suiteCluster();
  world = await openFixture(cluster, 'worlds', SERVER);
  film = await makeClip({ path: scratch.file('film.mp4'), frames: 500, width: 320, height: 180, gop: 25 });
});

afterAll(async () => {
  await world?.remove();
  // A volume belongs to no namespace.
  await cluster?.kubectl(['delete', 'pv', `${world?.namespace}-${CLAIM}`, '--ignore-not-found']);
  await cluster?.close();
  scratch[Symbol.dispose]();
});

const basicAuth = (name: string, username: string, password: string): object => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name },
  type: 'kubernetes.io/basic-auth',
  stringData: { username, password },
});

const outputTo = (url: string, credentials?: string): object[] => [
  { name: 'main', url, ...(credentials && { credentialsSecretRef: { name: credentials } }) },
];

const atClips = (path: string): string => `http://clips.${world.namespace}.svc/${path}`;
const serverUrl = (path: string): string => `rtsp://${SERVER}-media.${world.namespace}.svc:8554/${path}`;

/** User and password of the server's own publishers. */
async function publishers(): Promise<[string, string]> {
  const name = await world.kubectl(['get', 'secret', '-o', 'name']);
  const secret = name.split('\n').find((line) => line.startsWith(`secret/${SERVER}-publish-`)) ?? '';
  const { data } = JSON.parse(await world.kubectl(['get', secret, '-o', 'json']));
  const text = (value: string): string => Buffer.from(value, 'base64').toString();
  return [text(data.username), text(data.password)];
}

interface Trouble {
  what: string;
  name: string;
  /** The stream; its world is wrong at first, unless `break` is there to make it so. */
  push: () => object | Promise<object>;
  before?: () => unknown;
  break?: () => unknown;
  condition: { type: string; status: string; reason: string };
  /** Words of the message. */
  says: RegExp;
  mend: () => unknown;
}

const FILM = { onEnd: 'Repeat' };
const NOT_READY = (reason: string) => ({ type: 'Ready', status: 'False', reason });
const NATS = `deployment/${RELEASE}-nats`;

const TROUBLES: readonly Trouble[] = [
  {
    what: 'the media server is not there',
    name: 'no-server',
    push: () => videoPush('no-server', 'later', { source: SMALL_PATTERN }),
    condition: NOT_READY('MediaServerMissing'),
    says: /MediaServer "later"/,
    mend: () => world.apply([mediaServer('later', { service: { type: 'ClusterIP' } })]),
  },
  {
    what: 'the Secret of the source is not there',
    name: 'no-secret',
    before: () => addClip(world, film, 'secret.mp4'),
    push: () =>
      videoPush('no-secret', SERVER, {
        source: { uri: atClips('secret.mp4'), credentialsSecretRef: { name: 'viewer' }, ...FILM },
      }),
    condition: NOT_READY('CredentialsMissing'),
    says: /viewer/,
    mend: () => world.apply([basicAuth('viewer', 'anna', 'hunter2')]),
  },
  {
    what: 'the server refuses user and password',
    name: 'bad-secret',
    before: () => world.apply([basicAuth('publisher', 'nobody', 'wrong')]),
    push: () => ({
      ...videoPush('bad-secret', SERVER, {
        source: SMALL_PATTERN,
        outputs: outputTo(serverUrl('no-secret'), 'publisher'),
      }),
    }),
    condition: NOT_READY('CredentialsRefused'),
    says: /user|password|credential/i,
    mend: async () => world.apply([basicAuth('publisher', ...(await publishers()))]),
  },
  {
    what: 'the file is not there',
    name: 'no-file',
    push: () => videoPush('no-file', SERVER, { source: { uri: atClips('later.mp4'), ...FILM } }),
    condition: NOT_READY('SourceNotFound'),
    says: /404|not found|nothing/i,
    mend: () => addClip(world, film, 'later.mp4'),
  },
  {
    what: "the source's volume is not there",
    name: 'no-claim',
    push: () =>
      videoPush('no-claim', SERVER, {
        source: { persistentVolumeClaim: { claimName: CLAIM, path: 'film.mp4' }, ...FILM },
      }),
    condition: NOT_READY('ClaimMissing'),
    says: /films/,
    mend: () => hostPathVolume(cluster, CLAIM, scratch.path, { namespace: world.namespace }),
  },
  {
    what: 'a container is killed for its memory',
    name: 'hungry',
    push: () =>
      videoPush('hungry', SERVER, {
        source: SMALL_PATTERN,
        resources: { encoder: { requests: { memory: '24Mi' }, limits: { memory: '24Mi' } } },
      }),
    condition: NOT_READY('OutOfMemory'),
    says: /limits\.memory/,
    mend: () => world.apply([videoPush('hungry', SERVER, { source: SMALL_PATTERN, resources: null })]),
  },
  {
    what: "an object of the child's name belongs to somebody else",
    name: 'taken',
    before: () =>
      world.apply([
        { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'taken-worker' }, data: { a: 'b' } },
      ]),
    push: () => videoPush('taken', SERVER, { source: SMALL_PATTERN }),
    condition: NOT_READY('NameTaken'),
    says: /taken-worker/,
    mend: () => world.kubectl(['delete', 'configmap', 'taken-worker']),
  },
  {
    what: 'NATS is away',
    name: 'split',
    push: () => videoPush('split', SERVER, { source: SMALL_PATTERN, topology: 'Split' }),
    break: () => releaseKubectl(cluster, 'scale', NATS, '--replicas=0'),
    condition: NOT_READY('QueueUnavailable'),
    says: /nats:/,
    mend: () => releaseKubectl(cluster, 'scale', NATS, '--replicas=1'),
  },
];

/** By itself: what it shows is the machine's own limit. */
const SLOW: Trouble = {
  what: 'the encoder cannot keep up',
  name: 'slow',
  push: () => atPreset('ultrafast'),
  break: () => world.apply([atPreset('placebo')]),
  condition: { type: 'Paced', status: 'False', reason: 'EncoderTooSlow' },
  says: /preset/,
  mend: () => world.apply([atPreset('ultrafast')]),
};

const atPreset = (preset: string): object =>
  videoPush('slow', SERVER, {
    source: { testPattern: { width: 1280, height: 720, frameRate: '60' } },
    video: { ...VIDEO, preset, threads: 1, bitrateKbps: 4000 },
    resources: { encoder: { requests: { cpu: '100m' } }, decoder: { requests: { cpu: '100m' } } },
  });

async function tells(trouble: Trouble): Promise<void> {
  const { what, name, condition, says, mend } = trouble;
  const { type, reason } = condition;
  await trouble.before?.();
  let since = performance.now();
  await world.apply([await trouble.push()]);
  if (trouble.break) {
    await world.untilCondition('vp', name, { type: 'Ready', status: 'True' }, 60_000);
    since = performance.now();
    await trouble.break();
  }
  try {
    const found = await world.untilCondition('vp', name, condition, 60_000);
    const named = performance.now() - since;
    expect(found.message).toMatch(says);
    const mended = performance.now();
    await mend();
    await world.untilCondition('vp', name, { type: 'Ready', status: 'True' }, MENDED_WITHIN);
    await world.untilCondition('vp', name, { type, status: 'True' }, MENDED_WITHIN);
    console.log(
      `${what}: ${reason} after ${(named / 1000).toFixed(1)} s ("${found.message}"), ` +
        `well ${((performance.now() - mended) / 1000).toFixed(1)} s after it was mended`,
    );
    expect(named).toBeLessThan(NAMED_WITHIN);
  } finally {
    if (trouble.break) await mend();
    await world.kubectl(['delete', 'vp', name, '--wait=false']);
  }
}

describe.concurrent('a stream tells', () => {
  it.each(TROUBLES)('when $what, and when that is over', tells);
});

it('a stream tells when the encoder cannot keep up, and when that is over', () => tells(SLOW));
