/** Manifests that several tests start from. Small pictures: the tests are about the control plane. */

type Spec = Record<string, unknown>;

export const mediaServer = (name: string, spec: Spec = {}): object => ({
  apiVersion: 'videopush.dev/v1alpha1',
  kind: 'MediaServer',
  metadata: { name },
  spec: { service: { type: 'NodePort' }, ...spec },
});

/** Cheap to encode, a key frame a second. */
export const VIDEO = {
  encoder: 'libx264',
  preset: 'ultrafast',
  tune: 'zerolatency',
  bitrateKbps: 500,
  maxBFrames: 0,
  gopFrames: 25,
};

/** To the path of its own name on `server`. */
export const videoPush = (name: string, server: string, spec: Spec): object => ({
  apiVersion: 'videopush.dev/v1alpha1',
  kind: 'VideoPush',
  metadata: { name },
  spec: { video: VIDEO, outputs: [{ name: 'main', serverRef: { name: server } }], ...spec },
});

export const SMALL_PATTERN = { testPattern: { width: 320, height: 180, frameRate: '25' } };
