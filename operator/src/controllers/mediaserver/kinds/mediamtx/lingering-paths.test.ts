import { expect, it } from 'vitest';
import { pathsOf } from '../../testing/observations.ts';
import { LINGER, LingeringPaths } from './lingering-paths.ts';

const online = () => true;

it('a path whose stream is gone stays until its publisher has left', () => {
  const paths = new LingeringPaths();
  paths.keep('uid', pathsOf('a', 'b'), online, 0);
  expect(paths.keep('uid', pathsOf('a'), online, 1_000)).toEqual(pathsOf('b'));
  expect(paths.keep('uid', pathsOf('a'), () => false, 2_000)).toEqual([]);
  expect(paths.keep('uid', pathsOf('a'), online, 3_000)).toEqual([]);
});

it('a publisher that never leaves is waited for three quarters of a minute', () => {
  const paths = new LingeringPaths();
  paths.keep('uid', pathsOf('a'), online, 0);
  expect(paths.keep('uid', [], online, 1_000)).toEqual(pathsOf('a'));
  expect(paths.keep('uid', [], online, 1_000 + LINGER - 1)).toEqual(pathsOf('a'));
  expect(paths.keep('uid', [], online, 1_000 + LINGER)).toEqual([]);
});

it('a path that is desired again starts again', () => {
  const paths = new LingeringPaths();
  paths.keep('uid', pathsOf('a'), online, 0);
  paths.keep('uid', [], online, 1_000);
  paths.keep('uid', pathsOf('a'), online, 2_000);
  expect(paths.keep('uid', [], online, 3_000)).toEqual(pathsOf('a'));
  expect(paths.keep('uid', [], online, 2_000 + LINGER)).toEqual(pathsOf('a'));
});

it('all paths stay while nothing is known of their publishers', () => {
  const paths = new LingeringPaths();
  paths.keep('uid', pathsOf('a'), () => undefined, 0);
  expect(paths.keep('uid', [], () => undefined, 1_000)).toEqual(pathsOf('a'));
  paths.forget('uid');
  expect(paths.keep('uid', [], () => undefined, 2_000)).toEqual([]);
});
