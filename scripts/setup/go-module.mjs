/** Sources of Go modules that tools/ pins, fetched by Go's own client. */
import { modulePin } from '../paths.mjs';
import { run, SetupError } from './command.mjs';

/**
 * Modules may ask for a newer Go than Debian has: Go itself fetches that toolchain.
 * @param {string} work  where Go puts its temporary files, which it leaves behind when it is ended
 */
export const goEnvironment = (work) => ({
  ...process.env,
  GOTOOLCHAIN: 'auto',
  GOWORK: 'off',
  GOFLAGS: '-buildvcs=false',
  CGO_ENABLED: '0',
  GOTMPDIR: work,
});

/**
 * Fetches a module and checks that it is the pinned one.
 * @param {Parameters<typeof modulePin>[0]} tool
 * @param {string} folder  where no go.mod can be found
 * @returns {Promise<string>} the module's read-only folder in Go's cache
 * @throws {SetupError}
 */
export async function fetchModule(tool, folder) {
  const { module, version, sum } = modulePin(tool);
  const answer = await run('go', ['mod', 'download', '-json', `${module}@${version}`], {
    what: `the source of ${tool} ${version} could not be fetched`,
    todo: 'check that the Go module proxy can be reached (`go env GOPROXY`),\nthen run the same command again',
    log: `${tool}-fetch`,
    limitMs: 10 * 60_000,
    cwd: folder,
    env: goEnvironment(folder),
  });
  const { Dir, Sum } = JSON.parse(answer);
  if (Sum === sum) return Dir;
  throw new SetupError(`the source of ${tool} ${version} is not the pinned one`, {
    cause: `its checksum is ${Sum}, tools/${tool}/go.sum asks for ${sum}`,
    todo: 'do not use it; `go clean -modcache`, check `go env GOPROXY`, then run the same command again',
  });
}
