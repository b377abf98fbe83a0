// Made from crds/videopush.yaml by `npm run generate`; change it there.
import type { ObjectMeta } from '../objects.ts';

/**
 * One stream. A source is decoded, encoded and pushed to one or more outputs, each frame at the instant its timestamp asks for.
 */
export interface VideoPush {
  apiVersion: 'videopush.dev/v1alpha1';
  kind: 'VideoPush';
  metadata: ObjectMeta;
  /**
   * The desired state. Every field may be changed at any time; only what must restart for it restarts.
   */
  spec: {
    /**
     * Where the video comes from. Exactly one of uri, persistentVolumeClaim and testPattern.
     */
    source: {
      /**
       * A URL with scheme http, https, rtsp, rtmp, rtmps or srt and without user name and password, which go into credentialsSecretRef. Playlists (HLS, DASH) are not read. Without a cluster also file:///PATH.
       */
      uri?: string;
      /**
       * A file on a volume, which is mounted read-only.
       */
      persistentVolumeClaim?: {
        /**
         * Name of a PersistentVolumeClaim in the same namespace.
         */
        claimName: string;
        /**
         * A path of the file within the volume, without a leading slash, e.g. films/trailer.mp4. It may not leave the volume.
         */
        path: string;
      };
      /**
       * A test pattern with a running clock. {} is 1280x720 at 30 frames per second without an end.
       */
      testPattern?: {
        /**
         * Which picture. TestSrc2 and TestSrc move, SMPTEHDBars stands still. Default TestSrc2.
         */
        pattern?: 'TestSrc2' | 'TestSrc' | 'SMPTEHDBars';
        /**
         * In pixels, even. Default 1280.
         */
        width?: number;
        /**
         * In pixels, even. Default 720.
         */
        height?: number;
        /**
         * Frames per second as a rational number, such as "25" or "30000/1001", at most 300. Default "30".
         */
        frameRate?: string;
        /**
         * Length of one pass in seconds. Unset means without an end.
         */
        durationSeconds?: number;
      };
      /**
       * What happens at the end of the source. Complete finishes the stream. Repeat begins again without a gap. Reconnect opens the source again. Default is Complete for volumes, files and http(s), Reconnect for rtsp, rtmp and srt, Repeat for the test pattern; status.onEnd shows the value in effect.
       */
      onEnd?: 'Complete' | 'Repeat' | 'Reconnect';
      /**
       * User name and password of an http, https or rtsp source. While the Secret is missing the stream waits for it.
       */
      credentialsSecretRef?: {
        /**
         * Name of a Secret of type kubernetes.io/basic-auth in the same namespace (keys username and password).
         */
        name: string;
      };
      /**
       * The certificate authorities that an https or rtmps source is verified by, in place of those of the worker's image.
       */
      caSecretRef?: {
        /**
         * Name of a Secret in the same namespace. While it is missing the stream waits for it.
         */
        name: string;
        /**
         * Key of the Secret that holds the certificates in PEM format. Default ca.crt.
         */
        key?: string;
      };
      /**
       * True accepts every certificate, so that whoever answers gets what is sent; the log says so at each connection. Unset means false.
       */
      insecureSkipVerify?: boolean;
      /**
       * Number of the MPEG program to take, where a transport stream has several; `videopush probe` lists them. Unset means any.
       */
      program?: number;
      /**
       * The video track to take, where a source has several. A number from 0 counts them (those of the program, if one is set), id:N is a PID or track number, lang:xxx a language; `videopush probe` lists them. Unset means the default one, else the largest; a cover is never taken.
       */
      videoTrack?: string;
      /**
       * How packets of an rtsp source travel; UDP loses some between nodes. Only for rtsp. Default TCP.
       */
      rtspTransport?: 'TCP' | 'UDP';
    };
    /**
     * How the video is encoded. What is not set comes from the source where that makes sense, else from the defaults given here.
     */
    video?: {
      /**
       * Which codec; the preferred encoder for it is taken. Default H264. Over RTMP take H264; FFmpeg before 6.1 and many services carry no other.
       */
      codec?: 'H264' | 'H265' | 'VP8' | 'VP9' | 'AV1' | 'MPEG4';
      /**
       * The exact name of a libavcodec encoder, such as libx264. Wins over codec. Hardware encoders are refused. Unset means the preferred one for codec.
       */
      encoder?: string;
      /**
       * Width of the pushed picture in pixels, even. Unset means the source's, or in proportion to height.
       */
      width?: number;
      /**
       * Height of the pushed picture in pixels, even. Unset means the source's, or in proportion to width.
       */
      height?: number;
      /**
       * A constant rate in frames per second as a rational number, such as "25" or "30000/1001", at most 300; frames are repeated or left out to reach it. Unset keeps the source's timestamps, variable rates included.
       */
      frameRate?: string;
      /**
       * How pixels are stored, by FFmpeg's name. Browsers, phones and hardware decoders show yuv420p; take 10 bits only with H265 or AV1 and for viewers that decode them. Default yuv420p.
       */
      pixelFormat?: string;
      /**
       * Which pictures are deinterlaced. Auto means those that are marked as interlaced, Always every picture, "Off" (in quotes) none. A frameRate of at least 1.5 times the source's shows every field. Default Auto.
       */
      deinterlace?: 'Auto' | 'Off' | 'Always';
      /**
       * What happens to HDR (PQ, HLG) and to the colours of BT.2020. ToneMap converts them to BT.709, which every screen shows; Keep passes them on, and needs a pixelFormat with 10 bits to look good. Default ToneMap.
       */
      hdr?: 'ToneMap' | 'Keep';
      /**
       * Whether a picture whose pixels are not square is scaled to square ones. Unset means false, which keeps the size and tells viewers the shape of the pixels.
       */
      squarePixels?: boolean;
      /**
       * The colour behind transparent pixels, as "#RRGGBB". Default "#000000", which is black.
       */
      background?: string;
      /**
       * How much is cut off at each side of the upright picture, before it is scaled.
       */
      crop?: {
        /**
         * Pixels at the left, even. Default 0.
         */
        left?: number;
        /**
         * Pixels at the top, even. Default 0.
         */
        top?: number;
        /**
         * Pixels at the right, even. Default 0.
         */
        right?: number;
        /**
         * Pixels at the bottom, even. Default 0.
         */
        bottom?: number;
      };
      /**
       * In kilobits (1000 bits) per second. Unset means the source's when it is known, else by picture size and rate.
       */
      bitrateKbps?: number;
      /**
       * What the encoder keeps to. Capped keeps to bitrateKbps on average and to maxBitrateKbps over any second; Constant adds filler data to reach exactly bitrateKbps, for services that ask for it, and holds one frame back; Quality keeps the quality of the picture and takes the bits that it needs, up to maxBitrateKbps. Default Capped.
       */
      rateControl?: 'Capped' | 'Constant' | 'Quality';
      /**
       * The most that any second of the stream takes, in kilobits per second. Unset means bitrateKbps; for Quality twice what picture size and rate ask for.
       */
      maxBitrateKbps?: number;
      /**
       * For rateControl Quality, the constant rate factor from 1 (best) to 51. Unset means the encoder's own, 23 for libx264 and 28 for libx265.
       */
      quality?: number;
      /**
       * The encoder's own name for a profile, such as baseline, main or high for H264. Unset means the one that the pixel format asks for.
       */
      profile?: string;
      /**
       * The level that the stream claims, such as "4.1", for players that check it. Only for H264 and H265. Unset means the lowest that fits.
       */
      level?: string;
      /**
       * Distance of key frames in seconds of media, whatever the frame rate does; not with gopFrames. Default 2.
       */
      gopSeconds?: number;
      /**
       * Distance of key frames in frames; not with gopSeconds. Unset means by gopSeconds.
       */
      gopFrames?: number;
      /**
       * B-frames in a row at most; 2 where an output goes by RTMP. Each adds a frame of delay, and browsers cannot play them by WebRTC. Default 0.
       */
      maxBFrames?: number;
      /**
       * The encoder's own name for a balance of speed and compression. Default veryfast for libx264 and libx265.
       */
      preset?: string;
      /**
       * The encoder's own name for a tuning; none means no tuning. Default zerolatency for libx264 and libx265.
       */
      tune?: string;
      /**
       * Number of threads of the encoder. Unset means one for each processor that resources.encoder asks for, where it asks for any. 0 means automatic.
       */
      threads?: number;
    };
    /**
     * What happens to the source's audio.
     */
    audio?: {
      /**
       * Audio is not published yet, so Drop is the only mode. Default Drop.
       */
      mode?: 'Drop';
    };
    /**
     * The bounded queue of raw frames between decoder and encoder.
     */
    queue?: {
      /**
       * How many frames may wait; each takes its size in memory. Default 20.
       */
      capacityFrames?: number;
      /**
       * Memory that the frames may take, as a quantity such as 512Mi; the queue's volume and the memory limit follow it. Fewer frames wait rather than exceed it; a picture of which it holds fewer than 4 is refused, so that 8K with 10 bits needs 380Mi. Default 256Mi.
       */
      maxBytes?: number | string;
      /**
       * What the decoder does when the queue is full. Block waits, so that nothing is lost; the others drop raw frames and count them. Default Block.
       */
      whenFull?: 'Block' | 'DropOldest' | 'DropNewest';
      /**
       * Where the frames of a Split stream travel. Only for topology Split. Unset means the address that the operator was installed with.
       */
      jetStream?: {
        /**
         * Address of a NATS server with JetStream, as nats://HOST:PORT, without user name and password.
         */
        address: string;
      };
    };
    /**
     * How exactly and how late frames are sent.
     */
    pacing?: {
      /**
       * How long a frame is kept back so that uneven decoding and encoding do not show, in milliseconds. Default 100.
       */
      latencyBudgetMilliseconds?: number;
      /**
       * What happens after a stall. Rebase goes on at the normal rate, later than before. Burst sends up to 1.25 times as fast until it is on time again. Skip drops raw frames and begins with a key frame. Unset means Burst for live sources (onEnd Reconnect), else Rebase.
       */
      catchUp?: 'Rebase' | 'Burst' | 'Skip';
    };
    /**
     * Where the stream goes, 1-8 places. One encode feeds all of them; one that is down does not disturb the others.
     *
     * @minItems 1
     * @maxItems 8
     *
     * Items: One destination. Exactly one of serverRef, url and urlSecretRef.
     */
    outputs: {
      /**
       * A name of lower-case letters, digits and "-" that is unique within the stream. It is the output label of the metrics.
       */
      name: string;
      /**
       * A MediaServer of the same namespace. Its credentials are used unless credentialsSecretRef is set.
       */
      serverRef?: {
        /**
         * Name of the MediaServer. While there is none the stream waits for it.
         */
        name: string;
      };
      /**
       * A path on the MediaServer, of letters, digits, "_", "-", "." and "/", without a leading or trailing slash. Only with serverRef. Default is the name of the VideoPush.
       */
      path?: string;
      /**
       * A URL with scheme rtsp, rtmp, rtmps or srt and without user name and password, which go into credentialsSecretRef. A URL that is a secret itself (a stream key) belongs into urlSecretRef. Without a cluster also file:///PATH that ends in .mkv, .mp4, .ts or .flv.
       */
      url?: string;
      /**
       * A whole URL that is a secret, such as one with a stream key.
       */
      urlSecretRef?: {
        /**
         * Name of a Secret in the same namespace. While it is missing the stream waits for it.
         */
        name: string;
        /**
         * Key of the Secret that holds the URL, which has no user name and password.
         */
        key: string;
      };
      /**
       * How the stream travels to the MediaServer. Only with serverRef. Default RTSP.
       */
      protocol?: 'RTSP' | 'RTMP' | 'SRT';
      /**
       * The certificate authorities that an rtmps destination is verified by, in place of those of the worker's image.
       */
      caSecretRef?: {
        /**
         * Name of a Secret in the same namespace. While it is missing the stream waits for it.
         */
        name: string;
        /**
         * Key of the Secret that holds the certificates in PEM format. Default ca.crt.
         */
        key?: string;
      };
      /**
       * True accepts every certificate, so that whoever answers gets what is sent; the log says so at each connection. Unset means false.
       */
      insecureSkipVerify?: boolean;
      /**
       * User name and password of the destination. Default are those of the MediaServer, or none.
       */
      credentialsSecretRef?: {
        /**
         * Name of a Secret of type kubernetes.io/basic-auth in the same namespace (keys username and password).
         */
        name: string;
      };
    }[];
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
    resources?: {
      /**
       * Of the decoder's container.
       */
      decoder?: {
        /**
         * What is set aside, by resource name, e.g. cpu 500m. What is not named here is set by the cost table.
         */
        requests?: {
          /**
           * A quantity, in cores, bytes or pieces.
           */
          [k: string]: number | string;
        };
        /**
         * What may be used at most, by resource name. A CPU limit disturbs pacing. Default is a limit of memory alone.
         */
        limits?: {
          /**
           * A quantity, in cores, bytes or pieces.
           */
          [k: string]: number | string;
        };
      };
      /**
       * Of the encoder's container.
       */
      encoder?: {
        /**
         * What is set aside, by resource name, e.g. cpu 500m. What is not named here is set by the cost table.
         */
        requests?: {
          /**
           * A quantity, in cores, bytes or pieces.
           */
          [k: string]: number | string;
        };
        /**
         * What may be used at most, by resource name. A CPU limit disturbs pacing. Default is a limit of memory alone.
         */
        limits?: {
          /**
           * A quantity, in cores, bytes or pieces.
           */
          [k: string]: number | string;
        };
      };
    };
    /**
     * Where in the cluster the stream may run. Default is anywhere.
     */
    placement?: {
      /**
       * Labels that the node must have. Default is any node.
       */
      nodeSelector?: {
        /**
         * The label's value.
         */
        [k: string]: string;
      };
      /**
       * Taints that do not keep the stream away. Default is none.
       *
       * @maxItems 32
       *
       * Items: One kind of taint.
       */
      tolerations?: {
        /**
         * Key of the taint; empty with operator Exists means every taint.
         */
        key?: string;
        /**
         * How key and value are compared. Default Equal.
         */
        operator?: 'Exists' | 'Equal';
        /**
         * Value of the taint for Equal. Default is empty.
         */
        value?: string;
        /**
         * Which effect is tolerated; unset means all.
         */
        effect?: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
        /**
         * For NoExecute, how many seconds the stream stays. Unset means for ever.
         */
        tolerationSeconds?: number;
      }[];
      /**
       * Affinity of the pods (nodeAffinity, podAffinity, podAntiAffinity), as in a pod's specification.
       */
      affinity?: {
        /**
         * Which nodes, by their labels.
         */
        nodeAffinity?: {
          [k: string]: unknown;
        };
        /**
         * Near which pods.
         */
        podAffinity?: {
          [k: string]: unknown;
        };
        /**
         * Away from which pods.
         */
        podAntiAffinity?: {
          [k: string]: unknown;
        };
      };
      /**
       * Name of the priority class of the pods. Default is the cluster's.
       */
      priorityClassName?: string;
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
     * Ready, Reconciling, Stalled, SourceConnected, Published, Paced, Complete.
     *
     * @maxItems 16
     *
     * Items: One aspect of how the stream stands.
     */
    conditions?: {
      /**
       * Which aspect.
       */
      type: string;
      /**
       * Whether it holds.
       */
      status: 'True' | 'False' | 'Unknown';
      /**
       * The generation that was judged.
       */
      observedGeneration?: number;
      /**
       * When status last changed.
       */
      lastTransitionTime: string;
      /**
       * Why, in one word that programs may compare.
       */
      reason: string;
      /**
       * Why, in a sentence for people.
       */
      message: string;
    }[];
    /**
     * Host, volume or pattern that the stream comes from; never credentials.
     */
    source?: string;
    /**
     * The value of spec.source.onEnd in effect.
     */
    onEnd?: 'Complete' | 'Repeat' | 'Reconnect';
    /**
     * Where each output is found.
     *
     * @maxItems 8
     *
     * Items: One output of spec.
     */
    outputs?: {
      /**
       * The output's name in spec.
       */
      name: string;
      /**
       * Inside of the cluster; never credentials.
       */
      url?: string;
      /**
       * Outside of the cluster, when the MediaServer is reachable from there.
       */
      externalURL?: string;
    }[];
    /**
     * Node of the encoder's pod.
     */
    nodeName?: string;
    /**
     * The encoder's pod.
     */
    podName?: string;
    /**
     * The decoder of a Split stream, which has a pod of its own.
     */
    decoder?: {
      /**
       * Node of the decoder's pod.
       */
      nodeName?: string;
      /**
       * The decoder's pod.
       */
      podName?: string;
    };
    /**
     * When the stream was first published.
     */
    startTime?: string;
    /**
     * When a finite source had been sent completely.
     */
    completionTime?: string;
    /**
     * Restarts of role processes and containers since the stream was created.
     */
    restarts?: number;
    /**
     * How many frames may wait in the queue. Fewer than spec.queue.capacityFrames where the pictures are large for spec.queue.maxBytes.
     */
    queueCapacityFrames?: number;
  };
}
