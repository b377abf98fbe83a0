/** A viewer outside of the cluster: reads a stream from its MediaServer's node port. */
import { StampReader } from '../stamp-reader.ts';
import { eventually } from './eventually.ts';
import type { TestNamespace } from './namespace.ts';

/** The RTSP URL for viewers of a path on a MediaServer whose Service is a NodePort. */
export async function viewerUrl(fixture: TestNamespace, server: string, path: string): Promise<string> {
  return await eventually(
    `the RTSP address of ${server}`,
    async () => {
      const found = await fixture.get('ms', server);
      const endpoint = (
        found?.status?.endpoints as { protocol: string; externalURL?: string }[] | undefined
      )?.find(({ protocol }) => protocol === 'RTSP');
      return endpoint?.externalURL ? `${endpoint.externalURL.replace(/\/$/, '')}/${path}` : null;
    },
    60_000,
  );
}

/** Resolves with a reader that has received a picture; a slate sends pictures before anybody publishes. */
export async function attachReader(url: string, limitMilliseconds = 60_000): Promise<StampReader> {
  return await eventually(
    `a reader at ${url}`,
    async () => {
      const reader = new StampReader(url);
      try {
        await reader.until('a picture', (r) => r.frames.length > 0, 10_000);
        return reader;
      } catch (error) {
        await reader.stop();
        throw error;
      }
    },
    limitMilliseconds,
  );
}
