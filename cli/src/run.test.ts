import { readManifests } from '@videopush/resources';
import { expect, it } from 'vitest';
import { collect } from './run.ts';

const read = (text: string) => collect(readManifests(text, 'machine').manifests);

const SET = `
apiVersion: videopush.dev/v1alpha1
kind: VideoPushSet
metadata: {name: wall}
spec:
  replicas: 2
  sources:
    - {name: lobby, source: {uri: 'file:///films/lobby.mp4'}}
    - {name: gate, source: {testPattern: {}}}
    - {name: roof, source: {testPattern: {}}}
  template:
    spec:
      outputs: [{name: main, serverRef: {name: live}, path: wall/$(name)}]
`;

it('a set runs as its first sources, each a stream of its own', () => {
  const { pushes } = read(SET);
  expect(pushes.map(({ metadata: { name }, spec }) => [name, spec.outputs[0]?.path])).toEqual([
    ['wall-lobby', 'wall/lobby'],
    ['wall-gate', 'wall/gate'],
  ]);
  expect(pushes[0]?.spec).toMatchObject({ source: { uri: 'file:///films/lobby.mp4' }, topology: 'SamePod' });
});

it('a suspended set runs nothing', () => {
  expect(
    read(SET.replace('spec:\n      outputs', 'spec:\n      suspend: true\n      outputs')).pushes,
  ).toEqual([]);
});

it("a stream and a set's member of one name are refused", () => {
  const push = `
apiVersion: videopush.dev/v1alpha1
kind: VideoPush
metadata: {name: wall-gate}
spec: {source: {testPattern: {}}, outputs: [{name: main, serverRef: {name: live}}]}
`;
  expect(() => read(`${SET}---${push}`)).toThrow('VideoPush "wall-gate" is defined twice in the manifests');
});

it('a member that its placeholders make wrong is named with its set', () => {
  const long = SET.replace('wall/$(name)', `${'p'.repeat(240)}/$(name)`).replaceAll(
    'name: lobby',
    'name: lobby-of-the-house',
  );
  expect(() => read(long)).toThrow(
    'VideoPush "wall-lobby-of-the-house" of VideoPushSet "wall": spec.outputs[0].path: ',
  );
});
