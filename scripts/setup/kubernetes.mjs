/**
 * The programs that a cluster for tests is made of (tools/kubernetes): one Go module, so that what they have
 * in common is compiled once. go.mod says which versions, go.sum that they are the right ones.
 */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { kubernetesModule, kubernetesPin, kubernetesTarget } from '../paths.mjs';
import { ask, run, SetupError } from './command.mjs';
import { goEnvironment } from './go-module.mjs';

const ADVICE =
  'check that the Go module proxy can be reached (`go env GOPROXY`) and that some 6 GB of disk are free,\nthen run the same command again: it goes on where it was';

/** @returns {boolean} */
export function kubernetesCurrent() {
  return existsSync(kubernetesTarget());
}

/** Kubernetes' programs ask their own version for what they may do with another; without this it is 0.0.0. */
function versions() {
  return [
    ['k8s.io/component-base/version', 'gitVersion', kubernetesPin('k8s.io/kubernetes')],
    ['k8s.io/client-go/pkg/version', 'gitVersion', kubernetesPin('sigs.k8s.io/metrics-server')],
    ['helm.sh/helm/v4/internal/version', 'version', kubernetesPin('helm.sh/helm/v4')],
  ].map(([packageName, variable, value]) => `-X ${packageName}.${variable}=${value}`);
}

/**
 * Builds all of them; 9 minutes on two cores, 20 seconds when Go's own cache has the packages.
 * @returns {Promise<void>}
 * @throws {SetupError}
 */
export async function buildKubernetes() {
  const target = kubernetesTarget();
  mkdirSync(dirname(target), { recursive: true });
  const work = mkdtempSync(join(tmpdir(), 'videopush-kubernetes-'));
  // Built beside its place and renamed, so that a half-built folder is never taken for a whole one.
  const made = `${target}.${process.pid}`;
  try {
    const flags = ['-trimpath', '-ldflags', ['-s', '-w', ...versions()].join(' ')];
    await run('go', ['build', ...flags, '-o', `${made}/`, 'tool', './cmd/...'], {
      what: 'the programs of the test cluster could not be built',
      todo: ADVICE,
      log: 'kubernetes-build',
      limitMs: 60 * 60_000,
      cwd: kubernetesModule,
      env: goEnvironment(work),
    });
    const version = kubernetesPin('k8s.io/kubernetes');
    const answer = await ask(join(made, 'kubelet'), ['--version']);
    if (answer !== `Kubernetes ${version}`) {
      throw new SetupError('the programs of the test cluster are not the pinned ones', {
        cause: `the kubelet says it is ${answer}, not Kubernetes ${version}`,
        todo: ADVICE,
      });
    }
    renameSync(made, target);
  } finally {
    rmSync(work, { recursive: true, force: true });
    rmSync(made, { recursive: true, force: true });
  }
}
