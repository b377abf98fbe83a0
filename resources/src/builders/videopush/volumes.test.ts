import { expect, it } from 'vitest';
import type { VideoPush } from '../../schema/video-push.generated.ts';
import { DEFAULTS } from '../defaults.ts';
import { containersOf, only, podOf, somePush } from '../testing/manifests.ts';
import { buildStream, type StreamObjects } from './index.ts';

const build = (spec: Partial<VideoPush['spec']>): StreamObjects =>
  buildStream({ push: somePush(spec), servers: {}, defaults: DEFAULTS });

it('certificate authorities are mounted as files, named in the configuration, and may come later', () => {
  const { workloads, config } = build({
    source: { uri: 'https://films.example/a.mp4', caSecretRef: { name: 'films' } },
    outputs: [
      {
        name: 'service',
        urlSecretRef: { name: 'key', key: 'url' },
        caSecretRef: { name: 'root', key: 'root.pem' },
      },
      { name: 'test', url: 'rtmps://test.example/app/key', insecureSkipVerify: true },
    ],
  });
  const data = config.data as Record<string, string>;
  const pod = podOf(only(workloads));
  const volume = (name: string) => pod.spec.volumes.find((each) => each.name === name)?.secret;
  expect(volume('source-ca')).toMatchObject({
    secretName: 'films',
    items: [{ key: 'ca.crt' }],
    optional: true,
  });
  expect(volume('output-0-ca')).toMatchObject({
    secretName: 'root',
    items: [{ key: 'root.pem' }],
    optional: true,
  });
  const [decoder, encoder] = containersOf(pod);
  expect(decoder?.volumeMounts.map(({ mountPath }) => mountPath)).toContain('/credentials/source-ca');
  expect(encoder?.volumeMounts.map(({ mountPath }) => mountPath)).toContain(
    '/credentials/outputs-ca/service',
  );
  const { source } = JSON.parse(data['decoder.json'] ?? '');
  expect(source.caFile).toBe('/credentials/source-ca/ca.crt');
  const { outputs } = JSON.parse(data['encoder.json'] ?? '');
  expect(outputs[0].caFile).toBe('/credentials/outputs-ca/service/root.pem');
  expect(outputs[1]).toMatchObject({ insecureSkipVerify: true });
});

it('the temporary files of a decoder have room for a file of a web server without ranges', () => {
  const limitOf = (uri: string) =>
    podOf(only(build({ source: { uri } }).workloads)).spec.volumes.find(
      ({ name }) => name === 'decoder-temporary',
    )?.emptyDir;
  expect(limitOf('https://films.example/a.mp4')).toEqual({ sizeLimit: '576Mi' });
  expect(limitOf('rtsp://camera.example/1')).toEqual({ sizeLimit: '64Mi' });
});
