import { expect, it } from 'vitest';
import { readableFacts } from './messages.ts';
import { factsOf } from './testing/observations.ts';

const spec = {
  source: {
    persistentVolumeClaim: { claimName: 'films', path: 'new/trailer one.mp4' },
    credentialsSecretRef: { name: 'viewer' },
  },
  outputs: [
    { name: 'tls', urlSecretRef: { name: 'service', key: 'url' }, caSecretRef: { name: 'root' } },
    { name: 'main', serverRef: { name: 'live' }, credentialsSecretRef: { name: 'publisher' } },
    { name: 'outside', urlSecretRef: { name: 'service', key: 'url' } },
    { name: 'own', serverRef: { name: 'live' } },
  ],
};

const said = (code: string, message: string): string | undefined =>
  readableFacts(factsOf({ fault: { code, message, permanent: true } }), spec as never).fault?.message;

it.each([
  [
    'CredentialsMissing',
    '/credentials/source/username: No such file or directory; make the file readable for this process',
    'Key "username" of Secret "viewer" does not exist; create it, and the stream goes on by itself within 90 s',
  ],
  [
    'CredentialsMissing',
    'output main: /credentials/outputs/main/password: No such file or directory; make it readable',
    'output main: key "password" of Secret "publisher" does not exist; create it, and the stream goes on by itself within 90 s',
  ],
  [
    'CredentialsMissing',
    'output outside: its URL cannot be read from /credentials/urls/outside/url (ENOENT); provide the file',
    'output outside: key "url" of Secret "service" does not exist; create it, and the stream goes on by itself within 90 s',
  ],
  [
    'CredentialsMissing',
    'output tls: /credentials/outputs-ca/tls/ca.crt: No such file or directory; provide the file',
    'output tls: key "ca.crt" of Secret "root" does not exist; create it, and the stream goes on by itself within 90 s',
  ],
  [
    'UrlInvalid',
    'output outside: the URL in /credentials/urls/outside/url is empty; correct the file',
    'output outside: the URL in key "url" of Secret "service" is empty; correct the file',
  ],
  [
    'SourceForbidden',
    "'/volumes/films/new/trailer one.mp4': Permission denied; give this user permission to read the file",
    '"new/trailer one.mp4" on PersistentVolumeClaim "films": Permission denied; give this user permission to read the file',
  ],
])('a message with %s names a file of the pod as the manifest does', (code, message, expected) => {
  expect(said(code, message)).toBe(expected);
});

it.each([
  'NATS at nats://nats:4222: it does not answer',
  '/tmp/x: no space left',
  '/credentials/outputs/own/password: gone',
])('a message that names no file of the manifest stays as it is: %s', (message) => {
  expect(said('Any', message)).toBe(message);
});
