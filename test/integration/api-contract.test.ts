/** What the fake API server promises, held against a real one. */
import { join } from 'node:path';
import { connect } from '../../operator/src/kube/credentials.ts';
import { apiContract } from '../../operator/src/kube/testing/api/contract.ts';
import { startApiServer } from '../support/cluster/index.ts';

const CRDS = join(import.meta.dirname, '..', '..', 'crds');

apiContract('a real one', async () => {
  const server = await startApiServer();
  await server.kubectl(['apply', '--server-side', '-f', CRDS]);
  await server.kubectl(['wait', '--for=condition=Established', '--timeout=30s', '-f', CRDS]);
  // Until then lists of them may be answered with 429.
  await server.kubectl(['get', 'mediaservers,videopushes,videopushsets']);
  const transport = await connect({ kubeconfig: server.kubeconfig, userAgent: 'videopush-test/1' });
  return {
    transport,
    close: async () => {
      transport.close();
      await server.close();
    },
  };
});
