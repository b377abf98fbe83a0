/** A stream in two pods that a JetStream stream joins. Pure. */
import type { KubeObject } from '../../objects.ts';
import type { StreamContext } from './context.ts';
import { runsToEnd, workload } from './workload.ts';

/**
 * The decoder is a Deployment even for a finite source: after its end it idles until the encoder's Job
 * has sent everything. Both templates carry the hash of the decoder's configuration, since both work
 * on the same numbering of frames.
 */
export function splitWorkloads(context: StreamContext, decoderHash: string): KubeObject[] {
  const { push, completed = false } = context;
  const suspended = push.spec.suspend === true;
  const finite = runsToEnd(push);
  return [
    workload(context, {
      component: 'decoder',
      roles: ['decoder'],
      kind: 'Deployment',
      decoderHash,
      stopped: suspended || (finite && completed),
    }),
    workload(context, {
      component: 'encoder',
      roles: ['encoder'],
      kind: finite ? 'Job' : 'Deployment',
      decoderHash,
      stopped: suspended,
    }),
  ];
}
