/** What holds for every object that the builders make, whatever the resource says. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { testSeed } from '../../../test/support/random.ts';
import { count } from '../../../test/support/repetitions.ts';
import type { KubeObject } from '../objects.ts';
import { validateManifest } from '../schema/manifest.ts';
import { parseQuantity } from '../schema/quantity.ts';
import { serverCredentials } from './credentials.ts';
import { DEFAULTS } from './defaults.ts';
import { buildMediaServer, publishSecret, serverPaths } from './mediaserver/index.ts';
import { arbitraryPush, arbitraryServer } from './testing/arbitrary.ts';
import { type Container, containersOf, type Pod, podOf, someServer } from './testing/manifests.ts';
import { buildStream } from './videopush/index.ts';

const seed = testSeed();
const defaults = { ...DEFAULTS, natsAddress: 'nats://nats.example:4222' };
const key = Buffer.alloc(32, 7);
const live = someServer();
const servers = {
  live: {
    server: live,
    publishSecret: publishSecret({ server: live, credentials: serverCredentials(key, live) }),
  },
};

const ofPush = arbitraryPush.map((push): KubeObject[] => {
  const { config, workloads } = buildStream({ push, servers, defaults });
  return [config, ...workloads];
});
const ofServer = arbitraryServer.chain((server) =>
  fc.array(arbitraryPush, { maxLength: 3 }).map((pushes): KubeObject[] => {
    const { name } = server.metadata;
    for (const push of pushes) {
      for (const { serverRef } of push.spec.outputs) if (serverRef) serverRef.name = name;
    }
    const credentials = serverCredentials(key, server);
    const objects = buildMediaServer({ server, paths: serverPaths(server, pushes), credentials, defaults });
    return Object.values(objects ?? {}).flat() as KubeObject[];
  }),
);
const objects = fc.oneof(ofPush, ofServer);

function always(law: (all: KubeObject[]) => void, numRuns = count(60, 3_000)): void {
  fc.assert(fc.property(objects, law), { seed, numRuns });
}

const podsOf = (all: KubeObject[]): Pod[] =>
  all.filter(({ kind }) => kind === 'Job' || kind === 'Deployment').map(podOf);

const eachContainer = (all: KubeObject[], law: (container: Container) => void): void => {
  for (const pod of podsOf(all)) for (const container of containersOf(pod)) law(container);
};

it(`the arbitrary resources are ones that the schemas admit (seed ${seed})`, () => {
  const samples = [
    ...fc.sample(arbitraryPush, { seed, numRuns: 10 }),
    ...fc.sample(arbitraryServer, { seed, numRuns: 10 }),
  ];
  for (const resource of samples) expect(validateManifest(resource)).toMatchObject({ kind: resource.kind });
});

it(`every pod is one that the restricted security profile admits (seed ${seed})`, () => {
  always((all) => {
    for (const { spec } of podsOf(all)) {
      expect(spec.securityContext).toMatchObject({
        runAsNonRoot: true,
        runAsUser: 1000,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      expect(Object.keys(spec).filter((name) => /^host/.test(name))).toEqual([]);
      for (const { name, ...source } of spec.volumes) {
        expect([name, ...Object.keys(source)]).toEqual([
          name,
          expect.stringMatching(/^(configMap|secret|emptyDir|persistentVolumeClaim)$/),
        ]);
      }
    }
    eachContainer(all, ({ securityContext, ports }) => {
      expect(securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      for (const port of ports) expect(port).not.toHaveProperty('hostPort');
    });
  });
});

it(`no pod has a token of the API or learns of Services by its environment (seed ${seed})`, () => {
  always((all) => {
    for (const { spec } of podsOf(all)) {
      expect(spec).toMatchObject({ automountServiceAccountToken: false, enableServiceLinks: false });
    }
  });
});

it(`every container requests CPU and memory and may use no more memory than its limit (seed ${seed})`, () => {
  always((all) =>
    eachContainer(all, ({ resources: { requests, limits } }) => {
      const bytes = (text: string | undefined) => parseQuantity(text ?? '') ?? Number.NaN;
      expect(bytes(requests.cpu)).toBeGreaterThan(0);
      expect(bytes(requests.memory)).toBeGreaterThan(0);
      expect(bytes(limits.memory)).toBeGreaterThanOrEqual(bytes(requests.memory));
    }),
  );
});

it(`names are labels of DNS, those of workloads leave room for their pods', and none stands twice (seed ${seed})`, () => {
  always((all) => {
    for (const { kind, metadata } of all) {
      expect(metadata.name).toMatch(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);
      expect(metadata.name.length).toBeLessThanOrEqual(kind === 'Job' || kind === 'Deployment' ? 46 : 63);
      for (const value of Object.values(metadata.labels ?? {})) expect(value.length).toBeLessThanOrEqual(63);
    }
    const names = all.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    expect(new Set(names).size).toBe(names.length);
    for (const { spec } of podsOf(all)) {
      const volumes = spec.volumes.map(({ name }) => name);
      expect(new Set(volumes).size).toBe(volumes.length);
      for (const name of volumes) expect(name.length).toBeLessThanOrEqual(63);
    }
    eachContainer(all, ({ ports }) => {
      for (const { name } of ports) expect(name).toMatch(/^(?=.{1,15}$)[a-z0-9]+(-[a-z0-9]+)*$/);
    });
  });
});

it(`every mount is of a volume of its pod, every volume is mounted, and no two mounts meet (seed ${seed})`, () => {
  always((all) => {
    for (const pod of podsOf(all)) {
      const mounted = new Set<string>();
      for (const { volumeMounts } of containersOf(pod)) {
        const paths = volumeMounts.map(({ mountPath }) => mountPath);
        expect(new Set(paths).size).toBe(paths.length);
        for (const { name } of volumeMounts) mounted.add(name);
      }
      expect([...mounted].sort()).toEqual(pod.spec.volumes.map(({ name }) => name).sort());
    }
  });
});

it(`every volume in memory has a size limit, for which its container's limit has room (seed ${seed})`, () => {
  fc.assert(
    fc.property(arbitraryPush, (push) => {
      const bare = { ...push, spec: { ...push.spec, resources: {} } };
      for (const pod of buildStream({ push: bare, servers, defaults }).workloads.map(podOf)) {
        const ring = pod.spec.volumes.find(({ emptyDir }) => emptyDir?.medium === 'Memory');
        const bytes = parseQuantity(ring?.emptyDir?.sizeLimit ?? '') ?? Number.NaN;
        const limits = containersOf(pod).map(
          ({ resources }) => parseQuantity(resources.limits.memory ?? '') ?? 0,
        );
        // Who makes the ring touches its pages first: the decoder, or whoever is alone.
        expect(limits[0]).toBeGreaterThan(bytes);
      }
    }),
    { seed, numRuns: count(60, 3_000) },
  );
});

it(`no password is anywhere but in a Secret (seed ${seed})`, () => {
  always((all) => {
    const secrets = all.filter(({ kind }) => kind === 'Secret');
    const rest = JSON.stringify(all.filter(({ kind }) => kind !== 'Secret'));
    for (const { data } of secrets) {
      const { password = '' } = data as Record<string, string>;
      expect(password.length).toBeGreaterThan(30);
      expect(rest).not.toContain(password);
      expect(rest).not.toContain(Buffer.from(password, 'base64').toString());
    }
    eachContainer(all, ({ env = [] }) => {
      for (const variable of env) expect(variable).not.toHaveProperty('valueFrom');
    });
  });
});

it(`the same resource gives the same JSON, and the same objects in whatever order its fields stand (seed ${seed})`, () => {
  const reversed = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(reversed);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([name, item]) => [name, reversed(item)]),
    );
  };
  fc.assert(
    fc.property(arbitraryPush, (push) => {
      const build = (one: typeof push) => buildStream({ push: one, servers, defaults });
      expect(JSON.stringify(build(structuredClone(push)))).toBe(JSON.stringify(build(push)));
      expect(build(reversed(push) as typeof push)).toEqual(build(push));
    }),
    { seed, numRuns: count(40, 2_000) },
  );
});
