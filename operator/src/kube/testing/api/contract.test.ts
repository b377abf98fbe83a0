import { HttpTransport } from '../../transport.ts';
import { apiContract } from './contract.ts';
import { FakeApiServer } from './server.ts';

apiContract('the fake', async () => {
  const server = await FakeApiServer.start();
  const transport = new HttpTransport({ server: server.url, userAgent: 'videopush-test/1' });
  return {
    transport,
    close: async () => {
      transport.close();
      await server.close();
    },
  };
});
