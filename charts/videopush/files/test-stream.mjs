/**
 * What `helm test` runs, in the operator's image: applies a media server and a test pattern through the API
 * server, waits until the stream is ready, looks at its encoder's figures and at what a viewer gets, and
 * deletes both again. Ends with 0 when all of that worked; else the last line says what did not.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port, ...environment } = process.env;
const { TEST_NAMESPACE: namespace, TEST_NAME: name, TEST_TIMEOUT_SECONDS: limit } = environment;
const API = `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
const TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token';
const GROUP = 'videopush.dev/v1alpha1';

/** Time limit of the deletion, which follows whatever happened before; milliseconds. */
const DELETION_LIMIT = 30_000;
/** Frames that must leave before the stream counts as running: more than a second of them. */
const ENOUGH_FRAMES = 30;

const server = {
  apiVersion: GROUP,
  kind: 'MediaServer',
  metadata: { name },
  spec: { protocols: ['RTSP', 'HLS'] },
};
const push = {
  apiVersion: GROUP,
  kind: 'VideoPush',
  metadata: { name },
  spec: {
    source: { testPattern: { width: 640, height: 360, frameRate: '25' } },
    video: { bitrateKbps: 800 },
    outputs: [{ name: 'main', serverRef: { name }, path: name }],
  },
};
const objects = [
  ['mediaservers', server],
  ['videopushes', push],
];

/** @returns {Promise<any>} the answer's JSON, or null for 404 */
async function api(method, path, signal, body) {
  const response = await fetch(`${API}${path}`, {
    method,
    signal,
    headers: {
      authorization: `Bearer ${readFileSync(TOKEN, 'utf8').trim()}`,
      'content-type': 'application/json',
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  const answer = await response.json();
  if (response.status === 404) return null;
  if (!response.ok) throw new Error(`${method} ${path}: ${answer.message ?? response.status}`);
  return answer;
}

const collection = (plural) => `/apis/${GROUP}/namespaces/${namespace}/${plural}`;

/** Asks once a second until there is an answer. */
async function until(what, ask, signal) {
  for (;;) {
    const answer = await ask();
    if (answer) {
      console.log(`ok   ${what}`);
      return answer;
    }
    await delay(1000, undefined, { signal });
  }
}

/** What the stream says of itself, for the case that it never gets ready. */
let said = '';

async function ready(signal) {
  const { status } = (await api('GET', `${collection('videopushes')}/${name}`, signal)) ?? {};
  const conditions = status?.conditions ?? [];
  const find = (type) => conditions.find((condition) => condition.type === type);
  said = conditions
    .map(({ type, status, reason, message }) => `${type}=${status} ${reason}: ${message}`)
    .join('\n     ');
  if (find('Stalled')?.status === 'True')
    throw new Error(`the stream cannot run: ${find('Stalled').message}`);
  return find('Ready')?.status === 'True' && status.podName ? status : null;
}

/** Frames that the encoder has sent, from its page. */
async function sentFrames(podName, signal) {
  const pod = await api('GET', `/api/v1/namespaces/${namespace}/pods/${podName}`, signal);
  const address = pod?.status?.podIP;
  if (!address) return null;
  const response = await fetch(`http://${address.includes(':') ? `[${address}]` : address}:9091/metrics`, {
    signal,
  });
  const lines = (await response.text()).split('\n');
  const line = lines.find(
    (text) => text.startsWith('videopush_frames_total{') && text.includes('stage="sent"'),
  );
  return line ? Number(line.slice(line.lastIndexOf(' '))) : null;
}

/** The first bytes of the picture as a browser gets it. */
async function segmentBytes(page, signal) {
  const playlist = async (url) => {
    const response = await fetch(url, { signal });
    return { url: response.url, text: response.ok ? await response.text() : '' };
  };
  const media = ({ text, url }) => {
    const line = text.split('\n').find((entry) => entry !== '' && !entry.startsWith('#'));
    return line && new URL(line, url);
  };
  const master = await playlist(`${page}index.m3u8`);
  const variant = media(master);
  if (!variant) return null;
  const segment = media(await playlist(variant));
  if (!segment) return null;
  const response = await fetch(segment, { signal });
  return response.ok ? (await response.arrayBuffer()).byteLength : null;
}

async function clear(signal) {
  for (const [plural] of objects.toReversed()) {
    const path = `${collection(plural)}/${name}`;
    await api('DELETE', path, signal);
    while (await api('GET', path, signal)) await delay(250, undefined, { signal });
  }
}

async function run(signal) {
  await clear(signal); // what a run that was cut off has left
  for (const [plural, object] of objects) {
    const made = await api('POST', collection(plural), signal, object);
    if (!made)
      throw new Error(
        `this cluster does not know ${object.kind}: its definition is not installed (crds.install)`,
      );
    console.log(`ok   ${object.kind} ${namespace}/${name} applied`);
  }
  const began = performance.now();
  const { podName } = await until('the stream is ready', () => ready(signal), signal);
  const seconds = (performance.now() - began) / 1000;
  console.log(`     after ${seconds.toFixed(1)} s, in pod ${podName}`);
  said = '';
  const first = await until('its encoder sends', () => sentFrames(podName, signal), signal);
  const enough = async () => ((await sentFrames(podName, signal)) ?? 0) >= first + ENOUGH_FRAMES;
  await until(`it goes on sending (${ENOUGH_FRAMES} frames more)`, enough, signal);
  const page = `http://${name}-media.${namespace}.svc:8888/${name}/`;
  const bytes = await until(
    'a viewer gets the picture',
    () => segmentBytes(page, signal).catch(() => null),
    signal,
  );
  console.log(`     ${bytes} bytes of it, from ${page}`);
}

let code = 0;
try {
  await run(AbortSignal.timeout(Number(limit) * 1000));
} catch (error) {
  code = 1;
  const late = error.name === 'TimeoutError' || error.name === 'AbortError';
  const cause = error.cause?.message ? ` (${error.cause.message})` : '';
  console.log(`FAIL ${late ? `not done within ${limit} s` : `${error.message}${cause}`}`);
  if (said) console.log(`     ${said}`);
}
try {
  await clear(AbortSignal.timeout(DELETION_LIMIT));
  console.log('ok   both are deleted');
} catch (error) {
  code = 1;
  console.log(`FAIL ${namespace}/${name} could not be deleted: ${error.message}`);
}
process.exitCode = code;
