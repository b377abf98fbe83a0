/** Certificates of an authority that nobody trusts unless told to. */
import { run } from './program.ts';
import type { Scratch } from './tools.ts';

/** Paths of PEM files. */
export interface OwnAuthority {
  authority: string;
  certificate: string;
  key: string;
}

const KIND = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];

/** A new authority, and a server's certificate by it. `name`: `IP:127.0.0.1`, `DNS:rtmps.films.svc`. */
export async function ownAuthority(scratch: Scratch, name: string): Promise<OwnAuthority> {
  const [authority = '', authorityKey = '', certificate = '', key = ''] = [
    'authority.pem',
    'authority-key.pem',
    'certificate.pem',
    'key.pem',
  ].map((file) => scratch.file(file));
  const make = (subject: string, ...more: string[]): Promise<unknown> =>
    run('openssl', ['req', '-x509', ...KIND, '-subj', `/CN=${subject}`, ...more]);
  await make('Authority of a test', '-keyout', authorityKey, '-out', authority);
  const by = ['-CA', authority, '-CAkey', authorityKey];
  const names = ['-addext', `subjectAltName=${name}`, '-addext', 'basicConstraints=critical,CA:FALSE'];
  await make('server of a test', ...by, ...names, '-keyout', key, '-out', certificate);
  return { authority, certificate, key };
}
