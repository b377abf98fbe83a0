/** The published packages on a machine that no prebuilt addon fits: installing them compiles it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import {
  installOutside,
  nodeOfVersion,
  OLDEST_NODE,
  packAll,
  pushOutside,
  removePrebuilds,
} from '../support/installed-packages.ts';
import { Scratch } from '../support/tools.ts';

/** The compilation alone takes some minutes on two cores. */
const LIMIT_MILLISECONDS = 15 * 60_000;

it("without a prebuilt addon the installation compiles it against the system's FFmpeg, and the command pushes", () => {
  using scratch = new Scratch();
  const [packed, folder, node] = [
    scratch.file('packed'),
    scratch.file('outside'),
    nodeOfVersion(OLDEST_NODE),
  ];
  packAll(packed);
  removePrebuilds(packed);
  installOutside(folder, packed, node, LIMIT_MILLISECONDS);

  const native = join(folder, 'node_modules', '@videopush', 'native');
  expect(existsSync(join(native, 'prebuilds'))).toBe(false);
  expect(existsSync(join(native, 'build', 'Release', 'videopush_native.node'))).toBe(true);
  const summary = pushOutside(folder, 'out.mkv', node);
  expect(summary).toMatchObject({ exitCode: 0, outputs: [{ sent: 150, dropped: 0, failed: 0 }] });
});
