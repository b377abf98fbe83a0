import { expect, it } from 'vitest';
import type { VideoPush } from '../schema/video-push.generated.ts';
import { threadsOf } from './threads.ts';

type Spec = VideoPush['spec'];

const specOf = (uri: string, cpu: Record<string, string | number>, kind = 'requests'): Spec =>
  ({
    source: { uri },
    outputs: [],
    resources: { decoder: { [kind]: cpu }, encoder: { [kind]: cpu } },
  }) as Spec;

const FILM = 'https://films.example/trailer.mp4';
const CAMERA = 'rtsp://camera.example/1';

it.each([
  ['250m', 1, 1],
  ['1', 1, 1],
  [2, 2, 2],
  ['2500m', 3, 3],
  ['16', 16, 4],
  ['100', 64, 4],
  ['0', 1, 1],
])(
  'a request of %s processors gives %i threads, and %i to the decoder of a live source',
  (cpu, any, live) => {
    expect(threadsOf(specOf(FILM, { cpu }))).toEqual({ decoder: any, encoder: any });
    expect(threadsOf(specOf(CAMERA, { cpu }))).toEqual({ decoder: live, encoder: any });
  },
);

it('threads follow a limit of processors where no request is set, and nothing where neither is', () => {
  expect(threadsOf(specOf(FILM, { cpu: '3' }, 'limits'))).toEqual({ decoder: 3, encoder: 3 });
  expect(threadsOf(specOf(FILM, { memory: '1Gi' }))).toEqual({ decoder: undefined, encoder: undefined });
});
