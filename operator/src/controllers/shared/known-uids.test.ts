import { beforeEach, expect, it } from 'vitest';
import { KnownUids } from './known-uids.ts';

const withUid = (uid: string) => ({ metadata: { uid } });
const gone: string[] = [];
const known = () => new KnownUids((key, uid) => gone.push(`${key} ${uid}`));
beforeEach(() => {
  gone.length = 0;
});

it('a resource that is reconciled again keeps what is known of it', () => {
  const uids = known();
  uids.remember('tv/live', withUid('1'));
  uids.remember('tv/live', withUid('1'));
  expect(gone).toEqual([]);
});

it('what is known of a resource is forgotten once when the resource is gone', () => {
  const uids = known();
  uids.remember('tv/live', withUid('1'));
  uids.remember('tv/news', withUid('2'));
  uids.forget('tv/live');
  uids.forget('tv/live');
  expect(gone).toEqual(['tv/live 1']);
});

it('what is known of a resource is forgotten when another one has its name', () => {
  const uids = known();
  uids.remember('tv/live', withUid('1'));
  uids.remember('tv/live', withUid('2'));
  expect(gone).toEqual(['tv/live 1']);
  uids.forget('tv/live');
  expect(gone).toEqual(['tv/live 1', 'tv/live 2']);
});
