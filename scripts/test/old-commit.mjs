/** From which older commit the long suite upgrades: it takes that commit's chart with its CRDs. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runSync } from '../child.mjs';
import { repoRoot } from '../paths.mjs';

/**
 * As long as no older version is tagged: the oldest chart whose rights are enough for today's operator, which
 * the scenario runs under it. Its CRDs, monitors and values differ from today's.
 */
export const UNTAGGED = 'c9ba6b9191852bd77dc77ee8c48a148bf3df99c6';

/**
 * @param {string} [root]  of a checkout
 * @param {string} [given]  a revision to take instead
 * @returns {string} the hash of the newest commit before this version that has a version's tag
 * @throws {Error} when the history does not have the commit
 */
export function oldCommit(root = repoRoot, given = process.env.VIDEOPUSH_OLD_COMMIT) {
  /** @param {string[]} args */
  const git = (...args) => runSync('git', args, { cwd: root });
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const tags = git('tag', '--merged', 'HEAD', '--list', 'v[0-9]*', '--sort=-version:refname');
  const older = tags.stdout.split('\n').find((tag) => tag !== '' && tag !== `v${version}`);
  const revision = given || older || UNTAGGED;
  const { code, stdout } = git('rev-parse', '--verify', '--quiet', `${revision}^{commit}`);
  if (code !== 0) {
    throw new Error(
      `the history has no commit ${revision}; in a shallow clone \`git fetch --unshallow\` gets it`,
    );
  }
  return stdout.trim();
}
