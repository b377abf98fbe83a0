// Made from crds/mediaserver.yaml by `npm run generate`; change it there.
import type { ObjectMeta } from '../objects.ts';
import type { VideoPush } from './video-push.generated.ts';

/**
 * A server that streams are pushed to and that viewers watch, run by the operator or elsewhere.
 */
export interface MediaServer {
  apiVersion: 'videopush.dev/v1alpha1';
  kind: 'MediaServer';
  metadata: ObjectMeta;
  /**
   * The desired state. {} is a MediaMTX with RTSP, RTMP and HLS. Every field may be changed at any time.
   */
  spec: {
    /**
     * What kind of server. External is one that runs elsewhere, found at endpoints. SRS and MkvServer are known but cannot be run yet. Default MediaMTX.
     */
    type?: 'MediaMTX' | 'SRS' | 'MkvServer' | 'External';
    /**
     * Container image. Unset means the version that the operator was installed with. Not for External.
     */
    image?: string;
    /**
     * What the server speaks, publishers and viewers alike. Not for External. Default RTSP, RTMP and HLS.
     *
     * @minItems 1
     * @maxItems 5
     *
     * Items: One protocol.
     */
    protocols?: ('RTSP' | 'RTMP' | 'SRT' | 'HLS' | 'WebRTC')[];
    /**
     * How the server is reached in the cluster and from outside.
     */
    service?: {
      /**
       * Type of the Service. ClusterIP is reached from within the cluster alone. Default ClusterIP.
       */
      type?: 'ClusterIP' | 'NodePort' | 'LoadBalancer';
      /**
       * Annotations of the Service, as load balancers want them. Default is none.
       */
      annotations?: {
        /**
         * The annotation's value.
         */
        [k: string]: string;
      };
      /**
       * Fixed node ports; only with NodePort and LoadBalancer. Unset means the cluster chooses.
       */
      nodePorts?: {
        /**
         * Node port of RTSP. Default is one that the cluster chooses.
         */
        rtsp?: number;
        /**
         * Node port of RTMP. Default is one that the cluster chooses.
         */
        rtmp?: number;
        /**
         * Node port of SRT (UDP). Default is one that the cluster chooses.
         */
        srt?: number;
        /**
         * Node port of HLS. Default is one that the cluster chooses.
         */
        hls?: number;
        /**
         * Node port of WebRTC, by TCP for its pages and by UDP for the media. Default is one that the cluster chooses.
         */
        webrtc?: number;
      };
    };
    /**
     * Host name or address under which viewers outside of the cluster reach the Service. Unset means the load balancer's address or the node's.
     */
    externalHost?: string;
    /**
     * Where an External server is found. Only for type External, and required there.
     *
     * @maxItems 5
     *
     * Items: Where one protocol is spoken.
     */
    endpoints?: {
      /**
       * What is spoken there.
       */
      protocol: 'RTSP' | 'RTMP' | 'SRT';
      /**
       * Host name or address.
       */
      host: string;
      /**
       * TCP port, UDP for SRT. Default 8554 for RTSP, 1935 for RTMP, 8890 for SRT.
       */
      port?: number;
    }[];
    /**
     * Who may publish and who may watch.
     */
    authentication?: {
      /**
       * Generated makes a user and a password that the server's streams use. None lets everybody publish. Default Generated.
       */
      publish?: 'Generated' | 'None';
      /**
       * Generated makes a user and a password for viewers. None lets everybody watch. Default None.
       */
      read?: 'Generated' | 'None';
    };
    /**
     * Set to keep what is published as fragmented MP4 files. Default is no recording.
     */
    recording?: {
      /**
       * The volume that holds the files.
       */
      persistentVolumeClaim: {
        /**
         * Name of a PersistentVolumeClaim in the same namespace.
         */
        claimName: string;
      };
      /**
       * Length of one file in seconds. Default 3600.
       */
      segmentSeconds?: number;
      /**
       * Files older than this many hours are deleted; 0 keeps them. Default 24.
       */
      retentionHours?: number;
    };
  };
  /**
   * What was seen.
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
     * Items: One aspect of how the server stands.
     */
    conditions?: NonNullable<NonNullable<VideoPush['status']>['conditions']>[number][];
    /**
     * Where the server is found.
     *
     * @maxItems 5
     *
     * Items: Where one protocol is spoken.
     */
    endpoints?: {
      /**
       * What is spoken there.
       */
      protocol: string;
      /**
       * Inside of the cluster.
       */
      url?: string;
      /**
       * Outside of the cluster.
       */
      externalURL?: string;
    }[];
    /**
     * Node of the server's pod.
     */
    nodeName?: string;
    /**
     * Names of the Secrets of type kubernetes.io/basic-auth that hold users and passwords which the operator made.
     */
    secrets?: {
      /**
       * Who may publish; unset when everybody may.
       */
      publish?: string;
      /**
       * Who may watch; unset when everybody may.
       */
      read?: string;
    };
  };
}
