/**
 * The operator's requests to the API server during the other test files are those that the chart allows, no
 * more and no fewer. This file runs after the others.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import type { Cluster } from '../support/cluster/index.ts';
import { OPERATOR_NAMESPACE, RELEASE, releaseKubectl, suiteCluster } from '../support/e2e/suite.ts';

const USER = `system:serviceaccount:${OPERATOR_NAMESPACE}:${RELEASE}`;

interface AuditEvent {
  verb: string;
  user: { username: string };
  objectRef?: {
    apiGroup?: string;
    resource: string;
    subresource?: string;
    namespace?: string;
    name?: string;
  };
  responseStatus?: { code: number };
  requestURI: string;
}

interface Rule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
}

let cluster: Cluster;

beforeAll(async () => {
  cluster = await suiteCluster();
});

afterAll(() => cluster?.close());

const { auditLog, isPart } = inject('suite');
const UNSEEN = 'the audit log of this cluster is not on this machine';

function asked(): AuditEvent[] {
  if (auditLog === null) return [];
  return readFileSync(auditLog, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as AuditEvent)
    .filter(({ user }) => user.username === USER);
}

async function allowed(): Promise<string[]> {
  const rulesOf = async (kind: string, name: string): Promise<Rule[]> =>
    JSON.parse(await releaseKubectl(cluster, 'get', kind, name, '-o', 'json')).rules;
  const rules = [...(await rulesOf('clusterrole', RELEASE)), ...(await rulesOf('role', `${RELEASE}-own`))];
  return rules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) => verbs.map((verb) => `${verb} ${full(group, resource)}`)),
    ),
  );
}

const full = (group: string, resource: string): string => (group === '' ? resource : `${resource}.${group}`);

/** A server-side apply of an object that did not exist needs the verb `create` beside `patch`. */
const CREATED = 201;

function wordsOf({ verb, objectRef, responseStatus }: AuditEvent): string[] {
  const { apiGroup = '', resource = '', subresource } = objectRef ?? {};
  const what = full(apiGroup, subresource ? `${resource}/${subresource}` : resource);
  const created = verb === 'patch' && responseStatus?.code === CREATED;
  return [`${verb} ${what}`, ...(created ? [`create ${what}`] : [])];
}

const seen = (): string[] =>
  asked()
    .filter(({ objectRef }) => objectRef !== undefined)
    .flatMap(wordsOf);

it('every verb and resource that the operator asked for is in its roles', async ({ skip }) => {
  skip(auditLog === null, UNSEEN);
  const counts = new Map<string, number>();
  for (const words of seen()) counts.set(words, (counts.get(words) ?? 0) + 1);
  console.log(
    [...counts]
      .map(([words, count]) => `${count} × ${words}`)
      .sort()
      .join('\n'),
  );
  const roles = await allowed();
  expect(counts.size).toBeGreaterThan(0);
  expect([...counts.keys()].filter((words) => !roles.includes(words))).toEqual([]);
});

it("every verb and resource in the operator's roles was asked for", async ({ skip }) => {
  skip(auditLog === null, UNSEEN);
  skip(isPart, 'some verbs are asked for in files of another part of the stage');
  expect([...new Set(seen())].sort()).toEqual([...new Set(await allowed())].sort());
});

it('nothing that the operator asked for was forbidden', ({ skip }) => {
  skip(auditLog === null, UNSEEN);
  const forbidden = asked().filter(({ responseStatus }) => responseStatus?.code === 403);
  const unexpected = forbidden.filter(
    ({ verb, objectRef }) =>
      // Into a namespace that is on its way out nothing can be made: that is no matter of roles.
      verb !== 'create' &&
      verb !== 'patch' &&
      // Helm takes the roles away together with the operator, which lets go of its lease as it ends.
      !(verb === 'update' && objectRef?.resource === 'leases'),
  );
  expect(unexpected.map(({ verb, requestURI }) => `${verb} ${requestURI}`)).toEqual([]);
});
