/** VideoPush's own kinds of object, as the API server names them. */
import type { ResourceKind } from './objects.ts';

const own = (kind: string, plural: string): ResourceKind => ({
  group: 'videopush.dev',
  version: 'v1alpha1',
  kind,
  plural,
});

export const MEDIA_SERVERS = own('MediaServer', 'mediaservers');
export const VIDEO_PUSHES = own('VideoPush', 'videopushes');
/** Has the scale subresource. */
export const VIDEO_PUSH_SETS = own('VideoPushSet', 'videopushsets');
