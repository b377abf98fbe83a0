import { expect, it } from 'vitest';
import { Window } from './window.ts';

it('a frame is done when its message is, whatever the distance of their numbers', () => {
  const window = new Window();
  window.reset(100, 100);
  expect(window.publish(7, 101)).toBeNull();
  expect(window.publish(8, 102)).toBeNull();
  expect(window.standing).toBe(2);
  expect(window.done(101)).toBe(8);
  expect(window.done(101)).toBeNull();
  expect(window.done(102)).toBe(9);
  expect(window.standing).toBe(0);
});

it('one acknowledgement may stand for several messages, and may arrive before the answer to the publish', () => {
  const window = new Window();
  window.reset(0, 0);
  window.publish(0, 1);
  window.publish(1, 2);
  expect(window.done(3)).toBe(2);
  expect(window.standing).toBe(0);
  expect(window.publish(2, 3)).toBe(3);
  expect(window.standing).toBe(0);
});

it('messages of an earlier process stand for the frames of the ring in order, up to the last one', () => {
  const window = new Window();
  window.reset(50, 47);
  expect(window.standing).toBe(3);
  // Position 9 was done in the stream before this process learned of it.
  expect(window.adopt([9, 10, 11, 12], 50)).toBe(10);
  expect(window.done(49)).toBe(12);
  expect(window.publish(13, 51)).toBeNull();
  expect(window.done(51)).toBe(14);
});

it('a mark counts as a message in the stream, but not as a frame', () => {
  const window = new Window();
  window.reset(0, 0);
  window.publish(0, 1);
  window.publishMark(2);
  expect(window.standing).toBe(2);
  expect(window.done(2)).toBe(1);
  expect(window.standing).toBe(0);
});

it('a stream that was recreated begins at its own numbers', () => {
  const window = new Window();
  window.reset(500, 480);
  window.publish(3, 501);
  window.reset(0, 0);
  expect(window.standing).toBe(0);
  expect(window.publish(3, 1)).toBeNull();
  expect(window.done(1)).toBe(4);
});
