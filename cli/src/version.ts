/** What `--version` prints: the versions that matter when somebody reports a fault. */
import { buildInfo } from '@videopush/native';
import packageFile from '../package.json' with { type: 'json' };

export function versionText(): string {
  const { ffmpeg, license } = buildInfo();
  return `videopush ${packageFile.version} (FFmpeg ${ffmpeg}, ${license}; Node ${process.versions.node})`;
}
