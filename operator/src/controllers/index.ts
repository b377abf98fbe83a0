/** Every controller of this operator, for its manager. */
import type { PartFactory } from '../runtime/part.ts';
import { mediaServerPart } from './mediaserver/index.ts';
import type { ControlContext, Shared } from './shared/context.ts';
import { videoPushPart } from './videopush/index.ts';
import { videoPushSetPart } from './videopushset/index.ts';

export function controllerParts(shared: Shared): PartFactory[] {
  const parts = [(context: ControlContext) => mediaServerPart(context), videoPushPart, videoPushSetPart];
  return parts.map(
    (part): PartFactory =>
      (context) =>
        part({ ...context, ...shared }),
  );
}
