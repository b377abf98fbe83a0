/** A VideoPushSet into its VideoPushes: the template, once for each source that runs. Pure. */
import type { VideoPush } from '../../schema/video-push.generated.ts';
import type { VideoPushSet } from '../../schema/video-push-set.generated.ts';
import { FIELD_MANAGER, LABELS, shortHash } from '../names.ts';
import { ownerReference } from '../owner.ts';

type Spec = VideoPush['spec'];

/** One source of a set: its name is its identity, wherever it stands in the list. */
export interface Member {
  name: string;
  index: number;
  source?: Spec['source'];
}

/** The longest name of a resource of ours. */
const LONGEST = 63;

/** Every source in its order, those beyond `replicas` included. */
export function membersOf({ spec: { sources, range } }: VideoPushSet): Member[] {
  if (sources) return sources.map(({ name, source }, index) => ({ name, index, source }));
  const { first = 0, count = 0 } = range ?? {};
  return Array.from({ length: count }, (_, offset) => ({
    name: String(first + offset),
    index: first + offset,
  }));
}

/** SET-SOURCE, cut with a hash of the whole in its tail where that would be too long for a name. */
export function memberName(set: string, source: string): string {
  const whole = `${set}-${source}`;
  if (whole.length <= LONGEST) return whole;
  const tail = `-${shortHash(whole, 8)}`;
  return `${whole.slice(0, LONGEST - tail.length).replace(/[-.]+$/, '')}${tail}`;
}

/** Names of the VideoPushes that the set wants now, in the order of its sources. */
export const memberNames = (set: VideoPushSet): string[] =>
  desired(set).map(({ name }) => memberName(set.metadata.name, name));

/** The VideoPushes that the set wants now, ready to apply. */
export function buildMembers(set: VideoPushSet): VideoPush[] {
  return desired(set).map((member) => buildMember(set, member));
}

const desired = (set: VideoPushSet): Member[] => membersOf(set).slice(0, set.spec.replicas ?? 1);

function buildMember(set: VideoPushSet, member: Member): VideoPush {
  const { name, namespace = 'default' } = set.metadata;
  const { metadata = {}, spec } = set.spec.template;
  const annotations = metadata.annotations ?? {};
  return {
    apiVersion: set.apiVersion,
    kind: 'VideoPush',
    metadata: {
      name: memberName(name, member.name),
      namespace,
      labels: {
        ...metadata.labels,
        [LABELS.partOf]: 'videopush',
        [LABELS.managedBy]: FIELD_MANAGER,
        [LABELS.set]: name,
        [LABELS.source]: member.name,
      },
      ...(Object.keys(annotations).length > 0 && { annotations }),
      ownerReferences: [ownerReference(set)],
    } as VideoPush['metadata'],
    spec: memberSpec(spec, member),
  };
}

/**
 * Replaces $(name) and $(index), which are allowed only in the fields that must differ between the members.
 */
function memberSpec(spec: VideoPushSet['spec']['template']['spec'], member: Member): Spec {
  const fill = (text: string): string =>
    text.replaceAll('$(name)', member.name).replaceAll('$(index)', String(member.index));
  const source = member.source ?? spec.source ?? {};
  const { uri, persistentVolumeClaim: claim } = source;
  return {
    ...spec,
    source: {
      ...source,
      ...(uri !== undefined && { uri: fill(uri) }),
      ...(claim && { persistentVolumeClaim: { ...claim, path: fill(claim.path) } }),
    },
    outputs: spec.outputs.map((output) => ({
      ...output,
      ...(output.path !== undefined && { path: fill(output.path) }),
      ...(output.url !== undefined && { url: fill(output.url) }),
    })),
  };
}
