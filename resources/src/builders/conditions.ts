/** Condition types and reasons: API that people and programs read, each with what it means. */

export const CONDITIONS = {
  /** published, finished or suspended, as asked */
  ready: 'Ready',
  /** kstatus: only there while True: something is on its way */
  reconciling: 'Reconciling',
  /** kstatus: only there while True: it won't get well by waiting */
  stalled: 'Stalled',
  sourceConnected: 'SourceConnected',
  published: 'Published',
  paced: 'Paced',
  complete: 'Complete',
} as const;

export type ConditionType = (typeof CONDITIONS)[keyof typeof CONDITIONS];

/**
 * Reasons that this program makes. Beside them stand the worker's own error codes (SourceNotFound,
 * CredentialsMissing, CredentialsRefused, ConnectRefused ...), which are carried over as they are.
 */
export const REASONS = {
  // Ready=True
  running: 'Running',
  completed: 'Completed',
  suspended: 'Suspended',
  available: 'Available',
  external: 'External',
  // on the way
  pending: 'Pending',
  starting: 'Starting',
  restarting: 'Restarting',
  resuming: 'Resuming',
  updating: 'Updating',
  terminating: 'Terminating',
  // waits for something that may appear
  mediaServerMissing: 'MediaServerMissing',
  mediaServerNotReady: 'MediaServerNotReady',
  claimMissing: 'ClaimMissing',
  queueUnavailable: 'QueueUnavailable',
  nodeUnreachable: 'NodeUnreachable',
  unschedulable: 'Unschedulable',
  imageUnavailable: 'ImageUnavailable',
  /** a media server's pod is ready, and its API does not answer the operator */
  serverApiUnavailable: 'ServerAPIUnavailable',
  /** some streams of a set are not ready */
  membersNotReady: 'MembersNotReady',
  // needs a person
  invalid: 'Invalid',
  nameTaken: 'NameTaken',
  protocolRefused: 'ProtocolRefused',
  serverTypeRefused: 'ServerTypeRefused',
  natsAddressMissing: 'NATSAddressMissing',
  outOfMemory: 'OutOfMemory',
  crashLoop: 'CrashLoop',
  /** every stream of a set that is not ready needs a person */
  membersStalled: 'MembersStalled',
  encoderTooSlow: 'EncoderTooSlow',
  sourceTooSlow: 'SourceTooSlow',
  sourceTooFast: 'SourceTooFast',
  onTime: 'OnTime',
  late: 'Late',
  // nothing is known yet
  unknown: 'Unknown',
} as const;

export type Reason = (typeof REASONS)[keyof typeof REASONS];

/** A condition like meta/v1 Condition. */
export interface Condition {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  reason: string;
  message: string;
  observedGeneration?: number;
  lastTransitionTime: string;
}

/** A condition before it is known when it last changed. */
export type ConditionDraft = Omit<Condition, 'lastTransitionTime' | 'observedGeneration'>;

/**
 * The conditions with the drafts in place: lastTransitionTime moves only when status does (API conventions),
 * those of `present` that no draft names are taken away.
 */
export function settleConditions(
  present: readonly Condition[],
  drafts: readonly ConditionDraft[],
  generation: number,
  now: Date,
): Condition[] {
  return drafts.map((draft) => {
    const before = present.find(({ type }) => type === draft.type);
    const lastTransitionTime =
      before?.status === draft.status ? before.lastTransitionTime : now.toISOString().replace(/\.\d+Z$/, 'Z');
    return { ...draft, observedGeneration: generation, lastTransitionTime };
  });
}
