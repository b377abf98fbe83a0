/**
 * What the operator relies on of an API server, as tests that run against a real one and against the fake.
 */
import { afterAll, beforeAll, beforeEach, describe } from 'vitest';
import { NAMESPACES } from '../../kinds.ts';
import type { Transport } from '../../transport.ts';
import { applies } from './contract/applies.ts';
import { type Fixture, fixtureOf } from './contract/fixture.ts';
import { patches } from './contract/patches.ts';
import { readsAndWatches } from './contract/reads.ts';
import { resources } from './contract/resources.ts';
import { deletions, writes } from './contract/writes.ts';

export interface OpenApi {
  transport: Transport;
  close(): Promise<void>;
}

export function apiContract(name: string, open: () => Promise<OpenApi>): void {
  describe(`the API server's contract: ${name}`, () => {
    let api: OpenApi;
    let count = 0;
    const fixture: Fixture = {} as Fixture;
    beforeAll(async () => {
      api = await open();
    });
    afterAll(() => api?.close());
    beforeEach(async () => {
      Object.assign(fixture, fixtureOf(api.transport, `contract-${++count}`));
      await fixture.of(NAMESPACES).create({ metadata: { name: fixture.namespace } }, fixture.signal);
    });
    readsAndWatches(fixture);
    writes(fixture);
    applies(fixture);
    patches(fixture);
    resources(fixture);
    deletions(fixture);
  });
}
