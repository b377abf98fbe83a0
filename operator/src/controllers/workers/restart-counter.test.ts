import { expect, it } from 'vitest';
import { RestartCounter } from './restart-counter.ts';

const sample = (id: string, count: number | null) => ({ id, count });

it('a new stream has as many restarts as its pods report', () => {
  const counter = new RestartCounter();
  expect(counter.count('a', 0, [])).toBe(0);
  expect(counter.count('a', 0, [sample('pod', 2), sample('pod/2', 1)])).toBe(3);
});

it('the restarts of a pod that is gone still count', () => {
  const counter = new RestartCounter();
  counter.count('a', 0, []);
  counter.count('a', 0, [sample('pod', 2)]);
  expect(counter.count('a', 2, [sample('next', 0)])).toBe(2);
  expect(counter.count('a', 2, [sample('next', 1)])).toBe(3);
});

it('a restarted operator counts no restart twice, even when a worker answers late', () => {
  const counter = new RestartCounter();
  expect(counter.count('a', 5, [sample('pod', 2), sample('pod/2', null)])).toBe(5);
  expect(counter.count('a', 5, [sample('pod', 2), sample('pod/2', 3)])).toBe(5);
  expect(counter.count('a', 5, [sample('pod', 2), sample('pod/2', 4)])).toBe(6);
  expect(counter.count('a', 6, [sample('pod', 3), sample('pod/3', 0)])).toBe(7);
});

it('restarts while no operator runs are counted by the next one', () => {
  expect(new RestartCounter().count('a', 1, [sample('pod', 4)])).toBe(4);
});

it('a count that a worker cannot report at the moment is not lost', () => {
  const counter = new RestartCounter();
  counter.count('a', 0, []);
  counter.count('a', 0, [sample('pod/0', 3)]);
  expect(counter.count('a', 3, [sample('pod/0', null)])).toBe(3);
});
