/** kubectl and Helm for one cluster, with folders of their own instead of the user's. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { kubernetesTool } from '../../../scripts/paths.mjs';
import { type CommandOptions, execute } from './command.ts';

export type ClientOptions = Pick<CommandOptions, 'input' | 'limitMilliseconds' | 'signal'>;

export interface Client {
  /** Runs it to its end. Returns its standard output. @throws {ClusterError} with what it printed */
  kubectl(args: readonly string[], options?: ClientOptions): Promise<string>;
  helm(args: readonly string[], options?: ClientOptions): Promise<string>;
}

/**
 * @param kubeconfig absolute path
 * @param folder for what the two want to keep
 * @param proxies whether the machine's proxy settings are for this cluster too;
 *   a local one is reached directly
 */
export function clientOf(kubeconfig: string, folder: string, proxies: boolean): Client {
  const home = join(folder, 'client');
  mkdirSync(home, { recursive: true });
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    KUBECONFIG: kubeconfig,
    KUBECACHEDIR: join(home, 'kubectl'),
    HELM_CACHE_HOME: join(home, 'helm-cache'),
    HELM_CONFIG_HOME: join(home, 'helm-config'),
    HELM_DATA_HOME: join(home, 'helm-data'),
  };
  if (!proxies) Object.assign(env, { NO_PROXY: '*', no_proxy: '*' });
  return {
    kubectl: (args, options = {}) => execute(kubernetesTool('kubectl'), args, { ...options, env }),
    helm: (args, options = {}) => execute(kubernetesTool('helm'), args, { ...options, env }),
  };
}
