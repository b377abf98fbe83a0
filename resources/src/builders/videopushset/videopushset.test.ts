import { describe, expect, it } from 'vitest';
import type { VideoPush } from '../../schema/video-push.generated.ts';
import type { VideoPushSet } from '../../schema/video-push-set.generated.ts';
import { buildMembers, memberName, memberNames, membersOf } from './index.ts';

type SetSpec = VideoPushSet['spec'];
type Template = SetSpec['template'];

const outputs: VideoPush['spec']['outputs'] = [
  { name: 'main', serverRef: { name: 'live' }, path: 'wall/$(name)' },
];

const someSet = (spec: Omit<SetSpec, 'template'>, template: Partial<Template> = {}): VideoPushSet =>
  ({
    apiVersion: 'videopush.dev/v1alpha1',
    kind: 'VideoPushSet',
    metadata: { name: 'wall', namespace: 'studio', uid: 'set-uid' },
    spec: { ...spec, template: { spec: { outputs }, ...template } },
  }) as VideoPushSet;

const cameras = ['lobby', 'yard', 'gate'].map((name) => ({
  name,
  source: { uri: `rtsp://cameras.example/${name}` },
}));

it('a set runs the first of its sources, in their order', () => {
  expect(memberNames(someSet({ sources: cameras }))).toEqual(['wall-lobby']);
  expect(memberNames(someSet({ sources: cameras, replicas: 2 }))).toEqual(['wall-lobby', 'wall-yard']);
  expect(memberNames(someSet({ sources: cameras, replicas: 9 }))).toHaveLength(3);
  expect(memberNames(someSet({ sources: cameras, replicas: 0 }))).toEqual([]);
  expect(membersOf(someSet({ sources: cameras })).map(({ name }) => name)).toEqual(['lobby', 'yard', 'gate']);
});

it('a member is the template with its own source, owned by the set and labelled with it', () => {
  const template = {
    metadata: { labels: { team: 'news' }, annotations: { note: '📺' } },
    spec: { outputs, video: { height: 360 } },
  };
  const [, yard] = buildMembers(someSet({ sources: cameras, replicas: 2 }, template));
  expect(yard).toMatchObject({
    kind: 'VideoPush',
    metadata: {
      name: 'wall-yard',
      namespace: 'studio',
      labels: { team: 'news', 'videopush.dev/set': 'wall', 'videopush.dev/source': 'yard' },
      annotations: { note: '📺' },
      ownerReferences: [{ kind: 'VideoPushSet', name: 'wall', uid: 'set-uid', controller: true }],
    },
    spec: {
      source: { uri: 'rtsp://cameras.example/yard' },
      video: { height: 360 },
      outputs: [{ path: 'wall/yard' }],
    },
  });
});

it('a range is named by its indexes, which stand in for $(name) and $(index)', () => {
  const spec = {
    source: { persistentVolumeClaim: { claimName: 'films', path: '$(index)/film-$(name).mp4' } },
    outputs: [
      { name: 'main', serverRef: { name: 'live' } },
      { name: 'outside', url: 'rtmp://elsewhere.example/app/$(name)' },
    ],
  };
  const members = buildMembers(someSet({ range: { first: 7, count: 100 }, replicas: 2 }, { spec }));
  expect(members.map(({ metadata, spec }) => [metadata.name, spec.source, spec.outputs[1]?.url])).toEqual([
    [
      'wall-7',
      { persistentVolumeClaim: { claimName: 'films', path: '7/film-7.mp4' } },
      'rtmp://elsewhere.example/app/7',
    ],
    [
      'wall-8',
      { persistentVolumeClaim: { claimName: 'films', path: '8/film-8.mp4' } },
      'rtmp://elsewhere.example/app/8',
    ],
  ]);
  const bySource = someSet({ sources: cameras, replicas: 3 });
  expect(buildMembers(bySource).map(({ spec }) => spec.outputs[0]?.path)).toEqual([
    'wall/lobby',
    'wall/yard',
    'wall/gate',
  ]);
});

it('the order of the sources is not their identity: a source that goes takes only its own member along', () => {
  const without = cameras.filter(({ name }) => name !== 'lobby');
  const before = new Map(
    buildMembers(someSet({ sources: cameras, replicas: 3 })).map((one) => [one.metadata.name, one]),
  );
  for (const member of buildMembers(someSet({ sources: without, replicas: 3 }))) {
    expect(member).toEqual(before.get(member.metadata.name));
  }
});

describe('names of members', () => {
  it('the names of members are cut with a hash where they would be too long, and stay different', () => {
    const [set, long] = ['w'.repeat(40), 's'.repeat(62)];
    const names = [memberName(set, `${long}a`), memberName(set, `${long}b`)];
    expect(new Set(names).size).toBe(2);
    for (const name of names) expect(name).toMatch(/^[a-z0-9][-a-z0-9]{0,61}[a-z0-9]$/);
    expect(memberName('wall', 'lobby')).toBe('wall-lobby');
  });
});
