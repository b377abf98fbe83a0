/** A worker knows files; who reads conditions knows Secrets and volumes. Pure. */
import { POD_PATHS } from '@videopush/resources/builders/names';
import { sentence } from '../shared/problem.ts';
import type { WorkerFacts } from '../workers/worker-facts.ts';
import type { StoredPush } from './observation.ts';

type Spec = StoredPush['spec'];

const FILE = /'(\/(?:credentials|volumes)\/[^']+)'|(\/(?:credentials|volumes)\/[^\s:;,)]+)/;

/** The same with the places in a pod named as the specification names them. */
export function readableFacts(facts: WorkerFacts, spec: Spec): WorkerFacts {
  const { ready, fault } = facts;
  return {
    ...facts,
    ready: { ...ready, message: reworded(ready.code, ready.message, spec) },
    fault: fault && { ...fault, message: reworded(fault.code, fault.message, spec) },
  };
}

function reworded(code: string, message: string, spec: Spec): string {
  const [written, quoted, bare] = FILE.exec(message) ?? [];
  const file = quoted ?? bare;
  const place = file && placeOf(file, spec);
  if (!written || !place) return message;
  if (code !== 'CredentialsMissing') return message.replaceAll(written, place);
  const [, output] = /^(output [^:]+: )/i.exec(message) ?? [];
  const words = `${place} does not exist; create it, and the stream goes on by itself within 90 s`;
  return output ? `${output}${words}` : sentence(words);
}

function placeOf(file: string, spec: Spec): string | undefined {
  const { source, outputs } = spec;
  const key = file.slice(file.lastIndexOf('/') + 1);
  const inSecret = (name: string | undefined) => name && `key "${key}" of Secret "${name}"`;
  if (file.startsWith(`${POD_PATHS.sourceCredentials}/`)) return inSecret(source.credentialsSecretRef?.name);
  if (file.startsWith(`${POD_PATHS.sourceAuthorities}/`)) return inSecret(source.caSecretRef?.name);
  const claim = source.persistentVolumeClaim;
  if (claim && file.startsWith(`${POD_PATHS.volumes}/${claim.claimName}/`))
    return `"${claim.path}" on PersistentVolumeClaim "${claim.claimName}"`;
  for (const { name, credentialsSecretRef, urlSecretRef, caSecretRef } of outputs) {
    if (file.startsWith(`${POD_PATHS.outputCredentials}/${name}/`))
      return inSecret(credentialsSecretRef?.name);
    if (file.startsWith(`${POD_PATHS.outputAuthorities}/${name}/`)) return inSecret(caSecretRef?.name);
    if (file.startsWith(`${POD_PATHS.outputUrls}/${name}/`)) return inSecret(urlSecretRef?.name);
  }
  return undefined;
}
