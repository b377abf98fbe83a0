/** The resources that people write: their types, and reading and checking their manifests. */
export {
  type Manifest,
  ManifestError,
  type Place,
  readManifests,
  type Secret,
  validateManifest,
} from './schema/manifest.ts';
export type { MediaServer } from './schema/media-server.generated.ts';
export type { VideoPush } from './schema/video-push.generated.ts';
export type { VideoPushSet } from './schema/video-push-set.generated.ts';
