/** The paths of a running server, as its API is told of them. Pure. */
import type { PathChanges } from '../../decision.ts';
import type { Observation } from '../../observation.ts';

/** The name under which all other paths run; it stands in every file. */
const CATCH_ALL = 'all_others';

export function pathChanges({ api, paths }: Observation): PathChanges {
  if (api.state !== 'Answered') return { addPaths: [], removePaths: [] };
  const there = new Set(api.paths.filter(({ named }) => named).map(({ name }) => name));
  const desired = new Set(paths.map(({ name }) => name));
  return {
    addPaths: paths.filter(({ name }) => !there.has(name)),
    removePaths: [...there].filter((name) => !desired.has(name) && name !== CATCH_ALL),
  };
}
