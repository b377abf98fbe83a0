/** How each printed command is run: a command that is not in one of these lists fails the unit tests. */

export interface Step {
  command: string;
  /** The command runs until Ctrl-C, which it gets once its output has a line that matches. */
  until?: RegExp;
  /** The expected exit code; default 0. */
  code?: number;
  /** Matches the output. */
  prints?: RegExp;
  /** Values of placeholders such as NAME. */
  words?: Record<string, string>;
  /** Arguments that keep the command on this machine. */
  append?: string;
}

const TALK = 'rtsp://localhost:8554/talk';
const IMAGES = 'videopush/operator:0.1.0 videopush/worker:0.1.0';
const VIDEO = 'rtsp://localhost:8554/video';

/**
 * These commands run beside a media server at port 8554, in a folder with talk.mp4, test-video.mp4,
 * videos/film.mp4, url.txt (an address of the server) and the checkout's node_modules, package.json, scripts
 * and examples.
 */
export const HERE: Step[] = [
  { command: 'npx videopush probe talk.mp4', prints: /640x360/ },
  { command: `npx videopush push talk.mp4 ${TALK}`, prints: /"type":"summary"/ },
  {
    command: `npx videopush push talk.mp4 ${TALK} --repeat --size 1280x720 --bitrate 4M`,
    until: /"type":"status".*"sent":[1-9]/,
  },
  { command: 'npx videopush push talk.mp4 --url-file url.txt', prints: /rtsp:\/\/localhost:8554\/\*\*\*/ },
  {
    command: 'VIDEOPUSH_URL="$(cat url.txt)" npx videopush push talk.mp4',
    prints: /rtsp:\/\/localhost:8554\/\*\*\*/,
  },
  { command: 'npx videopush push testpattern:duration=10 out.mkv', prints: /"sent":300/ },
  { command: `npx node examples/mpegcoder/non-blocking.ts test-video.mp4 ${VIDEO}` },
  { command: `npx node examples/mpegcoder/dual-process.ts test-video.mp4 ${VIDEO}` },
  { command: 'npx videopush render examples/local/mediamtx.yaml -n studio', prints: /namespace: studio/ },
  { command: 'npx videopush push --help', prints: /--bitrate/ },
  { command: 'npx videopush COMMAND --help', words: { COMMAND: 'render' }, prints: /--namespace/ },
  { command: 'npm run setup', prints: /Ready after/ },
  { command: 'npm run setup -- --for test', prints: /Ready after/ },
  { command: 'npx videopush --help', prints: /Commands:/ },
  // The following commands are printed by the helps.
  { command: `videopush push talk.mp4 ${TALK}`, prints: /"type":"summary"/ },
  { command: 'videopush push talk.mp4 --url-file url.txt', prints: /rtsp:\/\/localhost:8554\/\*\*\*/ },
  {
    command: `videopush push talk.mp4 ${TALK} --repeat --bitrate 4M`,
    until: /"type":"status".*"sent":[1-9]/,
  },
  { command: 'videopush render examples/local/mediamtx.yaml -n studio', prints: /namespace: studio/ },
  // Names of nobody's machines: the command itself is right, and says that the source can't be reached.
  {
    command: 'videopush push rtsp://camera/stream rtmp://server/app/key --catch-up burst',
    code: 3,
    prints: /camera/,
  },
  { command: 'videopush push testpattern:duration=10 out.mkv --codec libx265', prints: /"sent":300/ },
];

/** These are run as those of HERE are, but each brings the media server, at the same ports. */
export const WITH_OWN_SERVER: Step[] = [
  { command: 'npx videopush server', until: /"type":"server"/ },
  {
    command: 'npx videopush run examples/local/mediamtx.yaml --for 60',
    until: /"type":"status".*"sent":[1-9]/,
  },
  { command: 'videopush run examples/local/mediamtx.yaml --for 60', until: /"type":"status".*"sent":[1-9]/ },
  {
    command:
      'videopush run examples/1-server.yaml examples/file-on-volume/2-stream.yaml --claim films=./videos',
    until: /"type":"status".*"sent":[1-9]/,
  },
  { command: 'npm run demo', until: /"type":"status".*"sent":[1-9]/ },
];

/** These are run while `videopush server` runs, at its own ports. */
export const FROM_FFMPEG: Step[] = [
  {
    command:
      'ffmpeg -re -i talk.mp4 -an -c:v libx264 -preset veryfast -tune zerolatency -f rtsp -rtsp_transport tcp rtsp://localhost:8554/talk',
  },
  {
    command:
      'ffmpeg -re -stream_loop -1 -i talk.mp4 -an -vf scale=1280:720 -c:v libx264 -preset veryfast -b:v 4M -g 50 -t 3 -f flv rtmp://localhost/live/talk',
  },
  {
    command:
      'npx videopush push talk.mp4 rtmp://localhost/live/talk --repeat --size 1280x720 --bitrate 4M --gop 50 --for 3',
    prints: /"type":"summary".*"exitCode":0/,
  },
  {
    command:
      "ffmpeg -re -i talk.mp4 -an -c:v libx264 -preset veryfast -r 30 -f mpegts 'srt://localhost:8890?streamid=publish:talk'",
  },
  {
    command: "npx videopush push talk.mp4 'srt://localhost:8890?streamid=publish:talk' --rate 30",
    prints: /"sent":120/,
  },
  {
    command:
      'ffmpeg -y -re -f lavfi -i testsrc2=size=1280x720:rate=30 -t 10 -c:v libx264 -pix_fmt yuv420p out.mkv',
  },
  { command: 'ffprobe talk.mp4', prints: /640x360/ },
];

/** The tests of the packages run these commands in this order, with other folders. */
export const PACKAGES = {
  folder: 'mkdir -p dist/packages',
  pack: 'npm pack --workspace native --workspace resources --workspace codec-worker --workspace cli --pack-destination dist/packages',
  install: 'npm install CHECKOUT/dist/packages/*.tgz',
  push: 'npx videopush push testpattern:duration=5 out.mkv',
};

/** On a cluster, in this order; each list begins where the one before has left it. */
export const CLUSTER: Step[] = [
  // Another node on this machine, which has nothing to do with the one that the others are run on.
  { command: 'npx node test/support/cluster/main.ts up', until: /KUBECONFIG/ },
  { command: 'npm run images' },
  {
    command: 'helm install videopush charts/videopush --namespace videopush-system --create-namespace --wait',
  },
  { command: 'helm test videopush --namespace videopush-system', prints: /Succeeded/ },
  { command: 'kubectl logs -n videopush-system deploy/videopush', prints: /"level"/ },
  { command: 'kubectl explain vp.spec.source', prints: /testPattern/ },
  { command: 'kubectl apply -f examples/' },
  {
    command: 'kubectl wait --for=condition=Ready --timeout=90s ms/live vp/hello vps/wall',
    prints: /condition met/,
  },
  { command: 'kubectl get ms,vp,vps', prints: /hello/ },
  { command: 'kubectl get vp,ms,vps', prints: /hello/ },
  { command: 'kubectl get vp', prints: /hello/ },
  { command: 'kubectl port-forward service/live-media 8888', until: /Forwarding from/ },
  { command: 'kubectl describe vp NAME', words: { NAME: 'hello' }, prints: /Conditions/ },
  { command: 'kubectl describe ms', prints: /Conditions/ },
  { command: 'kubectl logs deploy/NAME-stream -c encoder', words: { NAME: 'hello' }, prints: /"level"/ },
  { command: 'kubectl logs job/NAME-stream -c encoder', words: { NAME: 'ending' }, prints: /"level"/ },
  { command: `kubectl patch vp hello --type merge -p '{"spec":{"video":{"bitrateKbps":1200}}}'` },
  { command: `kubectl patch vp hello --type merge -p '{"spec":{"suspend":true}}'` },
  { command: `kubectl patch vp hello --type merge -p '{"spec":{"suspend":false}}'` },
  { command: 'kubectl scale vps wall --replicas 1' },
  {
    command: 'kubectl get videopush,mediaserver -n studio -o yaml | npx videopush render -',
    prints: /kind: Deployment/,
  },
  {
    command: 'kubectl get videopush demo -o yaml | videopush render --nats nats://nats:4222 -',
    prints: /kind: Deployment/,
  },
  { command: 'helm upgrade videopush charts/videopush --namespace videopush-system --wait' },
  { command: 'helm rollback videopush --namespace videopush-system --wait' },
  { command: 'kubectl delete -f examples/' },
  { command: 'kubectl delete videopushsets,videopushes,mediaservers --all --all-namespaces' },
  { command: 'helm uninstall videopush --namespace videopush-system' },
  { command: 'helm install other charts/videopush --namespace other --create-namespace --take-ownership' },
  {
    command:
      'kubectl delete crd videopushes.videopush.dev mediaservers.videopush.dev videopushsets.videopush.dev',
  },
  { command: 'kubectl delete namespace videopush-system' },
];

/** The long suite, which this runs under or beside: the scenarios that it names must exist. */
export const LONG: string[] = [
  'npm run test:long -- --list',
  'npm run test:long',
  'npm run test:long -- soak full',
  'npm run test:long -- full-kills --seed 7',
  'npm run test:long -- zoo',
];

/** What writes into the checkout; lint checks that it would change nothing. */
export const CHECKED_BY_LINT: string[] = ['npm run lint', 'npm run format', 'npm run generate'];

/** `npm test` itself: the stages that it names must exist. */
export const GATE: string[] = [
  'npm test',
  'npm test -- --stage unit',
  'npm test -- --stage e2e recovery',
  'npm test -- --stage e2e --shard 1/2',
  'npm test -- --no-setup --stage unit',
];

/** Measuring takes a quiet machine and much time: the benches that it names must exist. */
export const BENCHES: string[] = ['npm run bench', 'npm run bench -- cost --against HEAD~1'];

/**
 * A node's removal needs another node that takes its streams over. The scenario two-nodes of the long suite
 * deletes one, with its own name for it.
 */
export const IN_THE_LONG_SUITE: string[] = ['kubectl delete node NAME'];

/**
 * These run with replacements for docker, kind and ctr, which print their own command line. The images are
 * laid out and not built: `--fresh` alone takes many minutes, and the tests on a cluster build both images.
 */
export const WITH_STAND_INS: Step[] = [
  {
    command: `docker run --rm -it -v "$PWD:/videopush" -w /videopush -p 8554:8554 -p 8888:8888 node:24-trixie sh -c 'apt-get update && apt-get install -y golang-go python3-pip && npm run demo'`,
    prints: /node:24-trixie sh -c apt-get update && .* npm run demo/,
  },
  { command: 'npm run images -- worker', append: '--layout-only', prints: /worker: laid out/ },
  { command: 'npm run images -- --fresh', append: '--layout-only', prints: /operator: laid out/ },
  { command: 'npm run images -- --for tests', append: '--layout-only', prints: /operator: laid out/ },
  {
    command: 'docker build --file Dockerfile.IMAGE .',
    words: { IMAGE: 'worker' },
    prints: /build --file Dockerfile\.worker \./,
  },
  {
    command: 'kind load image-archive dist/images/archives/worker.tar',
    prints: /load image-archive dist\/images\/archives\/worker\.tar/,
  },
  { command: `kind load docker-image ${IMAGES}`, prints: /load docker-image/ },
  {
    command: `docker save ${IMAGES} | ctr -n k8s.io images import -`,
    prints: /ctr -n k8s\.io images import -/,
  },
  {
    command: [
      'registry=registry.example',
      'for image in operator worker; do',
      'docker tag videopush/$image:0.1.0 $registry/videopush/$image:0.1.0',
      'docker push $registry/videopush/$image:0.1.0',
      'done',
      'helm install videopush charts/videopush --namespace videopush-system --create-namespace --wait --set image.registry=$registry --set worker.image.registry=$registry',
    ].join('\n'),
    append: '--dry-run=client',
    prints:
      /push registry\.example\/videopush\/worker:0\.1\.0[\s\S]*image: "?registry\.example\/videopush\/operator:0\.1\.0/,
  },
];
