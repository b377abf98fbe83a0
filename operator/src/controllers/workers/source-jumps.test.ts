import { expect, it } from 'vitest';
import { NO_JUMPS, SourceJumps } from './source-jumps.ts';

const sample = (id: string, counts: object = {}, young = false) => ({
  id,
  counts: { ...NO_JUMPS, ...counts },
  young,
});

it('each kind of jump is new once, whenever its count has grown', () => {
  const jumps = new SourceJumps();
  expect(jumps.grown('uid', sample('a'))).toEqual([]);
  expect(jumps.grown('uid', sample('a', { forward: 2, outlier: 1 }))).toEqual(['forward', 'outlier']);
  expect(jumps.grown('uid', sample('a', { forward: 2, outlier: 1 }))).toEqual([]);
  expect(jumps.grown('uid', sample('a', { forward: 3, outlier: 1 }))).toEqual(['forward']);
  expect(jumps.grown('other', sample('a', { backward: 1 }, true))).toEqual(['backward']);
});

it('the jumps of a process that is restarted are counted from 0', () => {
  const jumps = new SourceJumps();
  jumps.grown('uid', sample('a', { backward: 4 }));
  expect(jumps.grown('uid', sample('b', { backward: 1 }))).toEqual(['backward']);
});

it('jumps that an old process counted before an operator first looked at it are not new', () => {
  const jumps = new SourceJumps();
  expect(jumps.grown('uid', sample('a', { forward: 7 }))).toEqual([]);
  expect(jumps.grown('uid', sample('a', { forward: 8 }))).toEqual(['forward']);
  jumps.forget('uid');
  expect(jumps.grown('uid', sample('a', { forward: 9 }))).toEqual([]);
  jumps.clear();
  expect(jumps.grown('uid', sample('a', { forward: 10 }))).toEqual([]);
});
