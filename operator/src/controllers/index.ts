/** Every controller of this operator, for its manager. */
import type { ControllerFactory } from '../runtime/controller-spec.ts';
import { mediaServerController } from './mediaserver/index.ts';
import type { ControlContext, Shared } from './shared/context.ts';
import { videoPushController } from './videopush/index.ts';
import { videoPushSetController } from './videopushset/index.ts';

export function controllerFactories(shared: Shared): ControllerFactory[] {
  const factories = [
    (context: ControlContext) => mediaServerController(context),
    videoPushController,
    videoPushSetController,
  ];
  return factories.map(
    (factory): ControllerFactory =>
      (context) =>
        factory({ ...context, ...shared }),
  );
}
