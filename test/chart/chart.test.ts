import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { decoderFamilies, encoderFamilies } from '../../codec-worker/src/metrics.ts';
import { MetricsPage } from '../../codec-worker/src/metrics-render.ts';
import { decodeSnapshot, encodeSnapshot } from '../../codec-worker/src/testing/snapshots.ts';
import { PathFigures, showFigures } from '../../operator/src/controllers/mediaserver/metrics.ts';
import { Metrics } from '../../operator/src/runtime/metrics.ts';
import { repoRoot } from '../../scripts/paths.mjs';

const chart = join(repoRoot, 'charts', 'videopush');
const read = (file: string): string => readFileSync(join(chart, file), 'utf8');
const yaml = (file: string) => parse(read(file));

type Schema = {
  $ref?: string;
  $defs?: Record<string, Schema>;
  type?: string | string[];
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  items?: Schema;
};

/** Of a worker whose metrics are asked for. */
const build = { version: '0', ffmpeg: '', license: '' };

const schema = JSON.parse(read('values.schema.json')) as Schema;
const values = yaml('values.yaml') as Record<string, unknown>;
const valid = new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile(schema);

it('the chart has the version of the program', () => {
  const { version } = JSON.parse(readFileSync(join(repoRoot, 'package.json'), 'utf8')) as { version: string };
  expect(yaml('Chart.yaml')).toMatchObject({ version, appVersion: version });
});

it('the chart names the same home and sources as the npm packages', () => {
  const { homepage, repository } = JSON.parse(
    readFileSync(join(repoRoot, 'cli', 'package.json'), 'utf8'),
  ) as { homepage: string; repository: { url: string } };
  expect(yaml('Chart.yaml')).toMatchObject({
    home: homepage,
    sources: [repository.url.replace('git+', '')],
  });
});

/** Helm takes them as the wish to have no such value. */
const withoutNulls = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, item: unknown) => (item === null ? undefined : item)));

describe('the schema of the values', () => {
  it("the schema of the chart's values accepts the defaults and every file in ci/", () => {
    const files = globSync('ci/*.yaml', { cwd: chart });
    expect(files.length).toBeGreaterThanOrEqual(4);
    for (const file of ['values.yaml', ...files]) {
      valid(withoutNulls(yaml(file) ?? {}));
      expect(valid.errors ?? [], file).toEqual([]);
    }
  });

  it.each([
    ['replicas', { replicas: 2 }],
    ['image.repo', { image: { repo: 'x' } }],
    ['crds.enabled', { crds: { enabled: true } }],
    ['nats.adress', { nats: { adress: 'nats://a:4222' } }],
    ['nats.address without a scheme', { nats: { address: 'nats.queues:4222' } }],
    ['metrics.serviceMonitor.enable', { metrics: { serviceMonitor: { enable: true } } }],
    ['resources.request', { resources: { request: { cpu: 1 } } }],
    ['podSecurityContext.runAsNonroot', { podSecurityContext: { runAsNonroot: true } }],
    ['tolerations[].efect', { tolerations: [{ key: 'a', efect: 'NoSchedule' }] }],
    ['a log level that is none', { logLevel: 'verbose' }],
    ['a pull policy that is none', { image: { pullPolicy: 'Sometimes' } }],
    ['a digest that is none', { image: { digest: 'latest' } }],
    ['pull secrets by name alone', { imagePullSecrets: ['images'] }],
    ['a namespace in capitals', { watchNamespaces: ['Studio'] }],
    ['a label that is a number', { podLabels: { tier: 1 } }],
    ['a name of 44 characters', { fullnameOverride: 'a'.repeat(44) }],
  ])("the schema of the chart's values refuses %s", (_, wrong) => {
    expect(valid(wrong)).toBe(false);
  });

  /** What is Kubernetes' own, where a value need not name every field. */
  const foreign = /\/(\w*[sS]ecurityContext|resources|probe|affinity|image|pulledImage)$/;
  const resolve = (node: Schema): Schema =>
    node.$ref ? (schema.$defs?.[node.$ref.split('/').at(-1) ?? ''] ?? {}) : node;

  function compare(node: Schema, value: unknown, path: string, within = false): string[] {
    const { properties } = resolve(node);
    const theirs = within || foreign.test(node.$ref ?? '');
    if (!properties || typeof value !== 'object' || value === null) return [];
    const known = Object.keys(properties);
    const given = Object.keys(value);
    const unset = theirs ? [] : known.filter((key) => !given.includes(key));
    return [
      ...unset.filter((key) => key !== 'global').map((key) => `${path}${key} has no default`),
      ...given.flatMap((key) => {
        const next = properties[key];
        const item = (value as Record<string, unknown>)[key];
        return next ? compare(next, item, `${path}${key}.`, theirs) : [`${path}${key} is not in the schema`];
      }),
    ];
  }

  it("the schema of the chart's values knows the same names as values.yaml", () => {
    expect(compare(schema, values, '')).toEqual([]);
  });

  it("the schema of the chart's values leaves no object open that has names of its own", () => {
    const open: string[] = [];
    const walk = (node: unknown, path: string): void => {
      if (typeof node !== 'object' || node === null) return;
      const { properties, additionalProperties } = node as Schema;
      if (typeof properties === 'object' && !path.endsWith('/properties') && additionalProperties !== false)
        open.push(path);
      for (const [key, item] of Object.entries(node)) walk(item, `${path}/${key}`);
    };
    walk(schema, '');
    expect(open).toEqual([]);
  });
});

describe('what is watched', () => {
  const named = /\b(videopush|controller_runtime|workqueue|leader_election)_[a-z_]+/g;
  const kinds = new Map([...decoderFamilies, ...encoderFamilies].map(({ name, type }) => [name, type]));
  const operator = new Metrics({ version: '0', process: false });
  operator.queues(() => []);
  operator.leader('lease', () => true);
  showFigures(operator, new PathFigures());

  async function unknown(expressions: readonly string[]): Promise<string[]> {
    const own = new Set((await operator.registry.getMetricsAsJSON()).map(({ name }) => name));
    const used = expressions.flatMap((expression) => expression.match(named) ?? []);
    return [...new Set(used)].filter((name) => {
      const base = name.replace(/_(bucket|sum|count)$/, '');
      return !kinds.has(name) && !own.has(name) && kinds.get(base) !== 'histogram' && !own.has(base);
    });
  }

  interface Alert {
    alert: string;
    expr: string;
    labels: { severity: string };
    annotations: { summary: string; description: string };
  }
  const alerts = (yaml('files/alerts.yaml') as { groups: { rules: Alert[] }[] }).groups.flatMap(
    ({ rules }) => rules,
  );

  it('every alert asks for metrics that exist, and says what to do', async () => {
    expect(await unknown(alerts.map(({ expr }) => expr))).toEqual([]);
    for (const { alert, labels, annotations } of alerts) {
      expect(alert).toMatch(/^VideoPush[A-Z]/);
      expect(['critical', 'warning']).toContain(labels.severity);
      expect(annotations.summary.length).toBeLessThan(100);
      expect(annotations.description).toMatch(/\.$/);
    }
    expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length);
  });

  it('VideoPushOutputDown fires for an output that has never connected, though it has no reconnects', async () => {
    const view = { build, outputs: ['main'], snapshot: null };
    const page = (await new MetricsPage('default/film', encoderFamilies, () => view).render()).text;
    expect(page).toContain('videopush_sink_connected{output="main",stream="default/film"} 0\n');
    expect(page).not.toMatch(/^videopush_sink_reconnects_total\{/m);
    const down = alerts.find(({ alert }) => alert === 'VideoPushOutputDown');
    expect(down).toMatchObject({
      expr: 'max by (namespace, stream, output) (videopush_sink_connected) == 0',
      for: '1m',
    });
  });

  it('VideoPushSlow compares what is sent with the source, in time and in frames that a policy drops', async () => {
    const expr = alerts.find(({ alert }) => alert === 'VideoPushSlow')?.expr ?? '';
    const [time = '', frames = ''] = expr.split(/^or /m);
    expect(time).toContain('deriv(videopush_pacing_total_lead_seconds[5m])) < -0.02');
    expect(frames.match(/\{[^}]+\}/g)).toEqual([
      '{stage="sent"}',
      '{stage="sent"}',
      '{reason=~"late|network"}',
      '{reason="queue_full"}',
    ]);
    expect(frames.trim()).toMatch(/- 1 < -0\.02$/);
    // The decoder drops for all outputs at once, the encoder for each of them.
    const stream = 'default/film';
    const decoder = new MetricsPage(stream, decoderFamilies, () => ({ build, snapshot: decodeSnapshot() }));
    const view = { build, outputs: ['main'], snapshot: encodeSnapshot() };
    const encoder = new MetricsPage(stream, encoderFamilies, () => view);
    const dropped = /^videopush_frames_dropped_total\{.*\}/gm;
    expect((await decoder.render()).text.match(dropped)).toContain(
      'videopush_frames_dropped_total{reason="queue_full",stream="default/film"}',
    );
    for (const reason of ['late', 'network'])
      expect((await encoder.render()).text.match(dropped)).toContain(
        `videopush_frames_dropped_total{output="main",reason="${reason}",stream="default/film"}`,
      );
  });

  it.each(['docs/pacing.md', 'docs/zh-CN/pacing.md'])(
    'the page %s lists every alert with its severity',
    (page) => {
      const rows = readFileSync(join(repoRoot, page), 'utf8').matchAll(/^\| `(VideoPush\w+)` \| (\w+) \|/gm);
      expect([...rows].map(([, alert, severity]) => [alert, severity])).toEqual(
        alerts.map(({ alert, labels }) => [alert, labels.severity]),
      );
    },
  );

  it('every panel of the dashboard asks for metrics that exist', async () => {
    const { panels } = JSON.parse(read('files/dashboards/videopush.json')) as {
      panels: { id: number; targets?: { expr: string }[] }[];
    };
    const expressions = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    expect(expressions.length).toBeGreaterThan(20);
    expect(await unknown(expressions)).toEqual([]);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  });
});

it('no template makes an object of a kind that the chart brings', () => {
  for (const file of globSync('templates/**/*.yaml', { cwd: chart })) {
    expect(read(file), file).not.toMatch(/^kind: (VideoPush|VideoPushSet|MediaServer)$/m);
  }
});
