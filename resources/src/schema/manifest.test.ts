import { describe, expect, it } from 'vitest';
import { type Manifest, ManifestError, readManifests, validateManifest } from './manifest.ts';
import type { VideoPush } from './video-push.generated.ts';

const minimal = () => ({
  apiVersion: 'videopush.dev/v1alpha1',
  kind: 'VideoPush',
  metadata: { name: 'camera-1' },
  spec: {
    source: { uri: 'rtsp://camera.example/1' } as Record<string, unknown>,
    video: {} as Record<string, unknown>,
    outputs: [{ name: 'main', url: 'rtsp://server.example/camera-1' }] as Record<string, unknown>[],
  },
});

function refusal(change: (document: ReturnType<typeof minimal>) => void): string {
  const document = minimal();
  change(document);
  try {
    validateManifest(document);
  } catch (error) {
    expect(error).toBeInstanceOf(ManifestError);
    return (error as ManifestError).message;
  }
  return 'accepted';
}

it('a valid manifest comes back with the defaults of the schema, and stays as it was', () => {
  const document = minimal();
  const before = structuredClone(document);
  const push = validateManifest(document) as VideoPush;
  expect(document).toEqual(before);
  expect(push.spec).toMatchObject({
    video: { codec: 'H264' },
    audio: { mode: 'Drop' },
    queue: { capacityFrames: 20, whenFull: 'Block' },
    pacing: { latencyBudgetMilliseconds: 100 },
    topology: 'SamePod',
    suspend: false,
  });
  expect(push.spec.pacing).not.toHaveProperty('catchUp');
  expect(push.spec.source).toEqual({ uri: 'rtsp://camera.example/1' });
});

describe('wrong manifests', () => {
  const cases: [string, (document: ReturnType<typeof minimal>) => void, string][] = [
    [
      'an unknown field',
      (d) => Object.assign(d.spec.source, { urii: 1 }),
      'spec.source.urii: is not a known field; known are uri,',
    ],
    [
      'no source at all',
      (d) => {
        d.spec.source = {};
      },
      'spec.source: must have exactly one of `uri`, `persistentVolumeClaim` and `testPattern`',
    ],
    [
      'two sources',
      (d) => Object.assign(d.spec.source, { testPattern: {} }),
      'spec.source: must have exactly one of',
    ],
    [
      'credentials in a URL',
      (d) => {
        d.spec.source.uri = 'rtsp://ann:secret@camera/1';
      },
      'spec.source.uri: must not hold a user name or password; put them into a Secret',
    ],
    [
      'a wrong type',
      (d) => {
        d.spec.video.width = '1280';
      },
      'spec.video.width: must be of type integer',
    ],
    [
      'an odd width',
      (d) => {
        d.spec.video.width = 1281;
      },
      'spec.video.width: should be a multiple of 2',
    ],
    [
      'too many B-frames',
      (d) => {
        d.spec.video.maxBFrames = 17;
      },
      'spec.video.maxBFrames: should be less than or equal to 16',
    ],
    [
      'a rate that is a number',
      (d) => {
        d.spec.video.frameRate = 29.97;
      },
      'spec.video.frameRate: must be of type string',
    ],
    [
      'a rate with a comma',
      (d) => {
        d.spec.video.frameRate = '29,97';
      },
      'spec.video.frameRate: must be a rational number in quotes',
    ],
    [
      'an unknown codec',
      (d) => {
        d.spec.video.codec = 'h264';
      },
      'spec.video.codec: Unsupported value: "h264": supported values: "H264", "H265"',
    ],
    [
      'no outputs',
      (d) => {
        d.spec.outputs = [];
      },
      'spec.outputs: should have at least 1 items',
    ],
    [
      'an output without a name',
      (d) => {
        d.spec.outputs = [{ url: 'rtsp://a/b' }];
      },
      'spec.outputs[0].name: Required value',
    ],
    [
      'an output without a destination',
      (d) => {
        d.spec.outputs = [{ name: 'a' }];
      },
      'spec.outputs[0]: must have exactly one of `serverRef`, `url` and `urlSecretRef`',
    ],
    [
      'a path that leaves the server',
      (d) => {
        d.spec.outputs = [{ name: 'a', serverRef: { name: 's' }, path: '../x' }];
      },
      'spec.outputs[0].path: must be letters, digits',
    ],
    ['no spec', (d) => Reflect.deleteProperty(d, 'spec'), 'spec: Required value'],
    [
      'a name with capitals',
      (d) => {
        d.metadata.name = 'Camera';
      },
      'metadata.name: must be 1-253 lower-case letters',
    ],
    [
      'another version',
      (d) => {
        d.apiVersion = 'videopush.dev/v1';
      },
      'kind: videopush.dev/v1 VideoPush is not a kind of this program; it knows',
    ],
  ];
  it.each(cases)(
    'a manifest with %s is refused with one line that begins with the field',
    (_, change, message) => {
      const line = refusal(change);
      expect(line.startsWith(message), line).toBe(true);
      expect(line).not.toContain('\n');
      expect(line).not.toContain('secret');
    },
  );
});

it('a file may hold several documents, and the kinds that only a cluster can use are named', () => {
  const text = `
apiVersion: v1
kind: Namespace
metadata: {name: video}
---
apiVersion: videopush.dev/v1alpha1
kind: MediaServer
metadata: {name: server}
spec: {}
---
apiVersion: v1
kind: Secret
metadata: {name: camera}
stringData: {username: ann, password: secret}
---
`;
  const { manifests, ignored } = readManifests(text);
  expect(manifests.map(({ kind }: Manifest) => kind)).toEqual(['MediaServer', 'Secret']);
  expect(ignored).toEqual(['Namespace']);
});

describe('a List, as kubectl prints several objects', () => {
  const list = (items: unknown) => JSON.stringify({ apiVersion: 'v1', kind: 'List', metadata: {}, items });

  it('a List is read as its items, beside other documents', () => {
    const second = { ...minimal(), metadata: { name: 'camera-2' } };
    const text = `${list([minimal(), { apiVersion: 'v1', kind: 'Namespace' }])}\n---\n${JSON.stringify(second)}`;
    const { manifests, ignored } = readManifests(text);
    expect(manifests.map(({ metadata }) => metadata.name)).toEqual(['camera-1', 'camera-2']);
    expect((manifests[0] as VideoPush).spec.topology).toBe('SamePod');
    expect(ignored).toEqual(['Namespace']);
    expect(readManifests(list([]))).toEqual({ manifests: [], ignored: [] });
  });

  it.each([
    ['a wrong manifest', [minimal(), { ...minimal(), metadata: {} }], /^items\[1\]\.metadata\.name: must be/],
    ['no manifest', [minimal(), null], /^items\[1\]\.kind: is missing/],
    ['a List', [{ apiVersion: 'v1', kind: 'List', items: [] }], /^items\[0\]: is a List in a List; take/],
    ['nothing', undefined, /^items: must be a list of manifests$/],
  ])('a List with %s in it is refused with the place', (_, items, message) => {
    expect(() => readManifests(list(items))).toThrow(message);
  });
});

it('text that is not YAML, or not a manifest, is refused in one line', () => {
  expect(() => readManifests('a: [1')).toThrow(/^not YAML: [^\n]+$/);
  expect(() => readManifests('just words')).toThrow('kind: is missing');
  expect(() => readManifests('kind: VideoPush\napiVersion: videopush.dev/v1alpha1')).toThrow(
    'metadata.name: must be',
  );
});
