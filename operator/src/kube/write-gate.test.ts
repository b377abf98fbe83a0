import { expect, it } from 'vitest';
import { GateClosedError, WriteGate } from './write-gate.ts';

const never = new AbortController().signal;

it('nothing is written while the gate is closed, as it is at first', async () => {
  const gate = new WriteGate();
  let written = 0;
  const write = () => gate.through(never, async () => ++written);
  await expect(write()).rejects.toThrow(GateClosedError);
  gate.open();
  expect(await write()).toBe(1);
  await gate.close();
  await expect(write()).rejects.toThrow(GateClosedError);
  expect(written).toBe(1);
});

it('closing the gate ends the writes under way and waits for the last of them', async () => {
  const gate = new WriteGate();
  gate.open();
  const slow = Promise.withResolvers<void>();
  const write = gate.through(never, async (signal) => {
    await slow.promise;
    signal.throwIfAborted();
  });
  const closed = gate.close();
  let over = false;
  void closed.then(() => {
    over = true;
  });
  await new Promise(setImmediate);
  expect(over).toBe(false);
  slow.resolve();
  await expect(write).rejects.toThrow(GateClosedError);
  await closed;
  expect(over).toBe(true);
});

it('a gate that opens again lets new writes through, not old ones', async () => {
  const gate = new WriteGate();
  gate.open();
  const aborted = Promise.withResolvers<boolean>();
  const old = gate.through(never, (signal) => aborted.promise.then(() => signal.aborted));
  const closed = gate.close();
  gate.open();
  aborted.resolve(true);
  expect(await old).toBe(true);
  await closed;
  expect(await gate.through(never, async (signal) => signal.aborted)).toBe(false);
});

it('a caller of the gate may give up its own write', async () => {
  const gate = new WriteGate();
  gate.open();
  const caller = new AbortController();
  const write = gate.through(
    caller.signal,
    (signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  );
  caller.abort(new Error('enough'));
  await expect(write).rejects.toThrow('enough');
});
