/** The kinds of object that the operator reads or writes. */
import type { ResourceKind } from '@videopush/resources/objects';

export { EVENTS } from './events.ts';
export { LEASES } from './lease.ts';

const core = (kind: string, plural: string): ResourceKind => ({ group: '', version: 'v1', kind, plural });

export const CONFIG_MAPS = core('ConfigMap', 'configmaps');
export const NAMESPACES: ResourceKind = { ...core('Namespace', 'namespaces'), namespaced: false };
export const NODES: ResourceKind = { ...core('Node', 'nodes'), namespaced: false };
export const PERSISTENT_VOLUME_CLAIMS = core('PersistentVolumeClaim', 'persistentvolumeclaims');
export const PODS = core('Pod', 'pods');
export const SECRETS = core('Secret', 'secrets');
export const SERVICES = core('Service', 'services');

export const DEPLOYMENTS: ResourceKind = {
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
};
export const JOBS: ResourceKind = { group: 'batch', version: 'v1', kind: 'Job', plural: 'jobs' };
export const CUSTOM_RESOURCE_DEFINITIONS: ResourceKind = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  namespaced: false,
};

/** Kinds of which the operator makes objects itself: of these it looks at its own only. */
export const CHILD_KINDS: readonly ResourceKind[] = [CONFIG_MAPS, DEPLOYMENTS, JOBS, PODS, SERVICES];

/** The one word for a kind in a whole cluster: plural.group, as the API names its resources. */
export const resourceName = ({ group, plural }: ResourceKind): string =>
  group ? `${plural}.${group}` : plural;
