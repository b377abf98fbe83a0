/**
 * A node for work by hand: `node test/support/cluster/main.ts up` starts one, prints the path of its
 * kubeconfig and runs it until Ctrl-C; `down` removes the remains of dead runs.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterError } from './errors.ts';
import { startCluster } from './index.ts';
import { clearRuns } from './runs.ts';

const say = (line: string) => console.error(line);

async function up(): Promise<void> {
  const stop = new AbortController();
  const listener = () => stop.abort();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, listener);
  const cluster = await startCluster({ onLine: say, signal: stop.signal });
  console.log(cluster.kubeconfig);
  say('use it with KUBECONFIG set to that file; Ctrl-C ends it');
  // A timer keeps the process; the abort ends the wait.
  while (!stop.signal.aborted) await sleep(3_600_000, undefined, { signal: stop.signal }).catch(() => {});
  await cluster.close();
}

try {
  const [verb = ''] = process.argv.slice(2);
  if (verb === 'up') await up();
  else if (verb === 'down') await clearRuns(say);
  else {
    say('usage: node test/support/cluster/main.ts up | down');
    process.exitCode = 2;
  }
} catch (error) {
  say(error instanceof ClusterError ? error.message : String(error));
  process.exitCode = 1;
}
