// Made from crds/videopushset.yaml by `npm run generate`; change it there.
import type { ObjectMeta } from '../objects.ts';
import type { VideoPush } from './video-push.generated.ts';

/**
 * Many streams from one template, one for each of its sources. The scale subresource says how many of them run.
 */
export interface VideoPushSet {
  apiVersion: 'videopush.dev/v1alpha1';
  kind: 'VideoPushSet';
  metadata: ObjectMeta;
  /**
   * The desired state. Every field may be changed at any time; a source keeps its stream by its name.
   */
  spec: {
    /**
     * How many of the sources run, the first ones in their order. More than there are means all. kubectl scale, an HPA and KEDA write it through the scale subresource. Default 1.
     */
    replicas?: number;
    /**
     * The sources by name, 1-1000. Each has a VideoPush named SET-NAME. Exactly one of sources and range.
     *
     * @minItems 1
     * @maxItems 1000
     *
     * Items: One source.
     */
    sources?: {
      /**
       * A name of lower-case letters, digits and "-" that is unique within the set. It stands for $(name) in the template; the position in the list, from 0, stands for $(index).
       */
      name: string;
      /**
       * Where the video comes from. Exactly one of uri, persistentVolumeClaim and testPattern.
       */
      source: VideoPush['spec']['source'];
    }[];
    /**
     * Numbers in the place of named sources; both $(name) and $(index) are the number. Exactly one of sources and range.
     */
    range?: {
      /**
       * The first number. Default 0.
       */
      first?: number;
      /**
       * How many numbers, 1-1000.
       */
      count: number;
    };
    /**
     * What every VideoPush of the set is made from.
     */
    template: {
      /**
       * Labels and annotations of every VideoPush.
       */
      metadata?: {
        /**
         * Labels, beside those that the operator adds. Default is none.
         */
        labels?: {
          /**
           * The label's value.
           */
          [k: string]: string;
        };
        /**
         * Annotations. Default is none.
         */
        annotations?: {
          /**
           * The annotation's value.
           */
          [k: string]: string;
        };
      };
      /**
       * As the spec of a VideoPush. $(name) and $(index) stand for the source in uri, path and url.
       */
      spec: {
        /**
         * Where the video comes from. Exactly one of uri, persistentVolumeClaim and testPattern.
         */
        source?: VideoPush['spec']['source'];
        /**
         * How the video is encoded. What is not set comes from the source where that makes sense, else from the defaults given here.
         */
        video?: NonNullable<VideoPush['spec']['video']>;
        /**
         * What happens to the source's audio.
         */
        audio?: NonNullable<VideoPush['spec']['audio']>;
        /**
         * The bounded queue of raw frames between decoder and encoder.
         */
        queue?: NonNullable<VideoPush['spec']['queue']>;
        /**
         * How exactly and how late frames are sent.
         */
        pacing?: NonNullable<VideoPush['spec']['pacing']>;
        /**
         * Where the stream goes, 1-8 places. One encode feeds all of them; one that is down does not disturb the others.
         *
         * @minItems 1
         * @maxItems 8
         *
         * Items: One destination. Exactly one of serverRef, url and urlSecretRef.
         */
        outputs: VideoPush['spec']['outputs'][number][];
        /**
         * Where decoder and encoder run. SamePod puts both into one pod, joined by shared memory. Split gives each a pod of its own, joined by a JetStream stream. On one machine without a cluster both mean shared memory. Default SamePod.
         */
        topology?: 'SamePod' | 'Split';
        /**
         * True stops the stream and keeps the resource. Default false.
         */
        suspend?: boolean;
        /**
         * CPU and memory of each role. Unset means by codec, picture size, rate and preset.
         */
        resources?: NonNullable<VideoPush['spec']['resources']>;
        /**
         * Where in the cluster the stream may run. Default is anywhere.
         */
        placement?: NonNullable<VideoPush['spec']['placement']>;
      };
    };
  };
  /**
   * What was seen. Nothing here changes every second; figures are in the metrics.
   */
  status?: {
    /**
     * The generation of spec that this status speaks of.
     */
    observedGeneration?: number;
    /**
     * Ready, Reconciling, Stalled.
     *
     * @maxItems 16
     *
     * Items: One aspect of how the set stands.
     */
    conditions?: NonNullable<NonNullable<VideoPush['status']>['conditions']>[number][];
    /**
     * How many VideoPushes of the set there are.
     */
    replicas?: number;
    /**
     * How many of these are ready.
     */
    readyReplicas?: number;
    /**
     * Which labels the pods of its streams have; an HPA finds them by it.
     */
    selector?: string;
  };
}
