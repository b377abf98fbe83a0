/** Every controller of this operator, for its manager. */
import type { PartFactory } from '../runtime/part.ts';
import type { Shared } from './shared/context.ts';
import { videoPushPart } from './videopush/index.ts';

export function controllerParts(shared: Shared): PartFactory[] {
  return [videoPushPart].map(
    (part): PartFactory =>
      (context) =>
        part({ ...context, ...shared }),
  );
}
