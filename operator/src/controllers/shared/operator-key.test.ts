import type { KubeObject } from '@videopush/resources/objects';
import { describe, expect, it } from 'vitest';
import { ApiError } from '../../kube/errors.ts';
import { loadKey } from './operator-key.ts';

const place = { namespace: 'videopush-system', name: 'videopush-key' };
const signal = new AbortController().signal;

/** Secrets as an API server keeps them; `overtaken`: somebody else's is stored just before a create. */
class Secrets {
  stored: KubeObject | null;
  readonly overtaken: KubeObject | null;

  constructor(stored: KubeObject | null, overtaken: KubeObject | null = null) {
    this.stored = stored;
    this.overtaken = overtaken;
  }

  async get(): Promise<KubeObject> {
    if (this.stored) return this.stored;
    throw new ApiError('GET', 404, { reason: 'NotFound' });
  }

  async create(object: KubeObject): Promise<KubeObject> {
    this.stored ??= this.overtaken;
    if (this.stored) throw new ApiError('POST', 409, { reason: 'AlreadyExists' });
    this.stored = object;
    return object;
  }
}

const secretOf = (key: Buffer): KubeObject => ({ metadata: place, data: { key: key.toString('base64') } });

describe("the operator's key", () => {
  it("the operator's key is made once and read from then on", async () => {
    const secrets = new Secrets(null);
    const key = await loadKey(secrets, place, signal);
    expect(key).toHaveLength(32);
    expect(await loadKey(secrets, place, signal)).toEqual(key);
  });

  it("the operator's key is the same for two operators that begin together", async () => {
    const first = Buffer.alloc(32, 7);
    expect(await loadKey(new Secrets(null, secretOf(first)), place, signal)).toEqual(first);
  });

  it('a damaged key of the operator is reported instead of replaced', async () => {
    const spoilt = new Secrets({ metadata: place, data: {} });
    await expect(loadKey(spoilt, place, signal)).rejects.toThrow(/has no "key" of 32 bytes; delete it/);
  });

  it("the operator's key is not made when the API server cannot say whether it exists", async () => {
    const secrets = new Secrets(null);
    secrets.get = async () => {
      throw new ApiError('GET', 503);
    };
    await expect(loadKey(secrets, place, signal)).rejects.toThrow(ApiError);
    expect(secrets.stored).toBeNull();
  });
});
