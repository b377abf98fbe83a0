/** A stream's conditions name a problem around it within seconds, and clear when the problem is fixed. */
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

/** The promised time limit, from the apply or from the moment that something breaks, in milliseconds. */
const NAMED_WITHIN = 15_000;
/** Time limit of a recovery, in milliseconds: kubelet updates a Secret in a running pod within 90 s. */
const FIXED_WITHIN = 150_000;
const SERVER = 'live';
const CLAIM = 'films';

let cluster: Cluster;
let fixture: TestNamespace;
let film: string;
const scratch = new Scratch();
// The folder becomes a volume, and the pod's user must be able to read its files.
chmodSync(scratch.path, 0o755);

beforeAll(async () => {
  cluster = await suiteCluster();
  fixture = await openFixture(cluster, 'problems', SERVER);
  film = await makeClip({ path: scratch.file('film.mp4'), frames: 500, width: 320, height: 180, gop: 25 });
});

afterAll(async () => {
  await fixture?.remove();
  // A volume belongs to no namespace.
  await cluster?.kubectl(['delete', 'pv', `${fixture?.namespace}-${CLAIM}`, '--ignore-not-found']);
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

const atClips = (path: string): string => `http://clips.${fixture.namespace}.svc/${path}`;
const serverUrl = (path: string): string => `rtsp://${SERVER}-media.${fixture.namespace}.svc:8554/${path}`;

/** User and password of the server's own publishers. */
async function publishers(): Promise<[string, string]> {
  const name = await fixture.kubectl(['get', 'secret', '-o', 'name']);
  const secret = name.split('\n').find((line) => line.startsWith(`secret/${SERVER}-publish-`)) ?? '';
  const { data } = JSON.parse(await fixture.kubectl(['get', secret, '-o', 'json']));
  const text = (value: string): string => Buffer.from(value, 'base64').toString();
  return [text(data.username), text(data.password)];
}

interface Problem {
  what: string;
  name: string;
  /** The manifest of the stream. The problem exists from the start, unless `break` causes it later. */
  push: () => object | Promise<object>;
  before?: () => unknown;
  break?: () => unknown;
  condition: { type: string; status: string; reason: string };
  /** Matches the condition's message. */
  says: RegExp;
  fix: () => unknown;
}

const FILM = { onEnd: 'Repeat' };
const NOT_READY = (reason: string) => ({ type: 'Ready', status: 'False', reason });
const NATS = `deployment/${RELEASE}-nats`;

const PROBLEMS: readonly Problem[] = [
  {
    what: 'the media server does not exist',
    name: 'no-server',
    push: () => videoPush('no-server', 'later', { source: SMALL_PATTERN }),
    condition: NOT_READY('MediaServerMissing'),
    says: /MediaServer "later"/,
    fix: () => fixture.apply([mediaServer('later', { service: { type: 'ClusterIP' } })]),
  },
  {
    what: 'the Secret of the source does not exist',
    name: 'no-secret',
    before: () => addClip(fixture, film, 'secret.mp4'),
    push: () =>
      videoPush('no-secret', SERVER, {
        source: { uri: atClips('secret.mp4'), credentialsSecretRef: { name: 'viewer' }, ...FILM },
      }),
    condition: NOT_READY('CredentialsMissing'),
    says: /viewer/,
    fix: () => fixture.apply([basicAuth('viewer', 'anna', 'hunter2')]),
  },
  {
    what: 'the server refuses user and password',
    name: 'bad-secret',
    before: () => fixture.apply([basicAuth('publisher', 'nobody', 'wrong')]),
    push: () => ({
      ...videoPush('bad-secret', SERVER, {
        source: SMALL_PATTERN,
        outputs: outputTo(serverUrl('no-secret'), 'publisher'),
      }),
    }),
    condition: NOT_READY('CredentialsRefused'),
    says: /user|password|credential/i,
    fix: async () => fixture.apply([basicAuth('publisher', ...(await publishers()))]),
  },
  {
    what: 'the file does not exist',
    name: 'no-file',
    push: () => videoPush('no-file', SERVER, { source: { uri: atClips('later.mp4'), ...FILM } }),
    condition: NOT_READY('SourceNotFound'),
    says: /404|not found|nothing/i,
    fix: () => addClip(fixture, film, 'later.mp4'),
  },
  {
    what: "the source's volume does not exist",
    name: 'no-claim',
    push: () =>
      videoPush('no-claim', SERVER, {
        source: { persistentVolumeClaim: { claimName: CLAIM, path: 'film.mp4' }, ...FILM },
      }),
    condition: NOT_READY('ClaimMissing'),
    says: /films/,
    fix: () => hostPathVolume(cluster, CLAIM, scratch.path, { namespace: fixture.namespace }),
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
    fix: () => fixture.apply([videoPush('hungry', SERVER, { source: SMALL_PATTERN, resources: null })]),
  },
  {
    what: "an object of the child's name belongs to somebody else",
    name: 'taken',
    before: () =>
      fixture.apply([
        { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'taken-worker' }, data: { a: 'b' } },
      ]),
    push: () => videoPush('taken', SERVER, { source: SMALL_PATTERN }),
    condition: NOT_READY('NameTaken'),
    says: /taken-worker/,
    fix: () => fixture.kubectl(['delete', 'configmap', 'taken-worker']),
  },
  {
    what: 'NATS cannot be reached',
    name: 'split',
    push: () => videoPush('split', SERVER, { source: SMALL_PATTERN, topology: 'Split' }),
    break: () => releaseKubectl(cluster, 'scale', NATS, '--replicas=0'),
    condition: NOT_READY('QueueUnavailable'),
    says: /nats:/,
    fix: () => releaseKubectl(cluster, 'scale', NATS, '--replicas=1'),
  },
];

/** This case runs alone, because it shows the limit of the machine. */
const SLOW: Problem = {
  what: 'the encoder cannot keep up',
  name: 'slow',
  push: () => atPreset('ultrafast'),
  break: () => fixture.apply([atPreset('placebo')]),
  condition: { type: 'Paced', status: 'False', reason: 'EncoderTooSlow' },
  says: /preset/,
  fix: () => fixture.apply([atPreset('ultrafast')]),
};

const atPreset = (preset: string): object =>
  videoPush('slow', SERVER, {
    source: { testPattern: { width: 1280, height: 720, frameRate: '60' } },
    video: { ...VIDEO, preset, threads: 1, bitrateKbps: 4000 },
    resources: { encoder: { requests: { cpu: '100m' } }, decoder: { requests: { cpu: '100m' } } },
  });

async function reports(problem: Problem): Promise<void> {
  const { what, name, condition, says, fix } = problem;
  const { type, reason } = condition;
  await problem.before?.();
  let since = performance.now();
  await fixture.apply([await problem.push()]);
  if (problem.break) {
    await fixture.untilCondition('vp', name, { type: 'Ready', status: 'True' }, 60_000);
    since = performance.now();
    await problem.break();
  }
  try {
    const found = await fixture.untilCondition('vp', name, condition, 60_000);
    const named = performance.now() - since;
    expect(found.message).toMatch(says);
    const fixedAt = performance.now();
    await fix();
    await fixture.untilCondition('vp', name, { type: 'Ready', status: 'True' }, FIXED_WITHIN);
    await fixture.untilCondition('vp', name, { type, status: 'True' }, FIXED_WITHIN);
    console.log(
      `${what}: ${reason} after ${(named / 1000).toFixed(1)} s ("${found.message}"), ` +
        `well ${((performance.now() - fixedAt) / 1000).toFixed(1)} s after it was fixed`,
    );
    expect(named).toBeLessThan(NAMED_WITHIN);
  } finally {
    if (problem.break) await fix();
    await fixture.kubectl(['delete', 'vp', name, '--wait=false']);
  }
}

describe.concurrent("a stream's conditions", () => {
  it.each(PROBLEMS)("a stream's conditions report that $what, and clear when that is fixed", reports);
});

it("a stream's conditions report that the encoder cannot keep up, and clear when that is fixed", () =>
  reports(SLOW));
