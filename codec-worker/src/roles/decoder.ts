/** The decoder role: a source into the frame queue. */
import type { DecodeSessionOptions, DecodeSnapshot } from '@videopush/native';
import type { DecoderConfig } from '../config.ts';
import { SessionKeeper } from '../keeper.ts';
import { decoderFamilies } from '../metrics.ts';
import { MetricsPage } from '../metrics-render.ts';
import { decoderProgress, decoderReady, faultText } from '../verdict.ts';
import { logEvent, type Role, type RoleParts } from './role.ts';

export function decodeOptions({
  source,
  video,
  queue,
  latencyBudgetMilliseconds,
}: DecoderConfig): DecodeSessionOptions {
  const { onEnd, ...origin } = source;
  const { path, capacityFrames, whenFull, outputs, encoderDelayFrames } = queue;
  return {
    ...video,
    source: origin,
    onEnd,
    ring: { path, capacityFrames, whenFull, outputs },
    encoderDelayFrames,
    latencyBudgetMilliseconds,
  };
}

export function decoderRole(config: DecoderConfig, { native, log, build, onFault }: RoleParts): Role {
  const { userFile, passwordFile } = config.source;
  const keeper = new SessionKeeper<DecodeSnapshot>({
    open: () => native.decodeSession(decodeOptions(config), (event) => logEvent(log, event)),
    done: ({ phase }) => phase === 'Ended',
    files: [userFile, passwordFile].filter((file) => file !== undefined),
    onFault,
  });
  const take = () => ({ build, snapshot: keeper.snapshot() });
  return {
    phase: () => (keeper.fault ? 'Failed' : (keeper.snapshot()?.phase ?? 'Opening')),
    ready: () =>
      keeper.fault
        ? { ok: false, code: keeper.fault.code, message: faultText(keeper.fault) }
        : decoderReady(keeper.snapshot()),
    progress: () => {
      const snapshot = keeper.fault ? null : keeper.snapshot();
      return snapshot && decoderProgress(snapshot);
    },
    fault: () => keeper.fault ?? keeper.snapshot()?.error ?? null,
    paced: () => null,
    snapshot: () => keeper.snapshot(),
    metrics: new MetricsPage(config.stream, decoderFamilies, take),
    secretUrls: () => [],
    run: () => keeper.run(),
    requestStop: () => keeper.requestStop(),
    abort: () => keeper.abort(),
    idlesWhenDone: true,
  };
}
