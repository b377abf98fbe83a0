import type { PathState } from '@videopush/resources/builders/mediaserver';
import { expect, it } from 'vitest';
import { Metrics } from '../../runtime/metrics.ts';
import { PathFigures, showFigures } from './metrics.ts';

const server = { namespace: 'studio', name: 'live' };
const path = (name: string, changes: Partial<PathState> = {}): PathState => ({
  name,
  named: true,
  online: true,
  readers: 0,
  bytesReceived: 0,
  bytesSent: 0,
  ...changes,
});

/** Lines of the page about paths, and what kind of metric each name is. */
function page() {
  const metrics = new Metrics({ version: '1', process: false });
  const figures = new PathFigures();
  showFigures(metrics, figures);
  const text = async (): Promise<string> => (await metrics.render()).text;
  const lines = async (): Promise<string[]> =>
    (await text()).split('\n').filter((line) => line.startsWith('videopush_mediaserver_'));
  return { figures, text, lines };
}

it('the metrics page shows viewers and bytes of each path with the server and its namespace', async () => {
  const { figures, text, lines } = page();
  figures.set('1', server, [path('films/a', { readers: 3, bytesReceived: 1000, bytesSent: 2500 })]);
  const labels = '{namespace="studio",mediaserver="live",path="films/a"}';
  expect(await lines()).toEqual([
    `videopush_mediaserver_path_readers${labels} 3`,
    `videopush_mediaserver_path_online${labels} 1`,
    `videopush_mediaserver_path_received_bytes_total${labels} 1000`,
    `videopush_mediaserver_path_sent_bytes_total${labels} 2500`,
  ]);
  expect(await text()).toContain('# TYPE videopush_mediaserver_path_readers gauge');
  expect(await text()).toContain('# TYPE videopush_mediaserver_path_sent_bytes_total counter');
});

it('new figures of a poll replace the old ones, and a removed path disappears from the metrics page', async () => {
  const { figures, lines } = page();
  figures.set('1', server, [path('a', { readers: 3 }), path('b')]);
  await lines();
  figures.set('1', server, [path('a', { readers: 1, online: false })]);
  const shown = await lines();
  expect(shown).toHaveLength(4);
  expect(shown[0]).toMatch(/path="a"} 1$/);
  expect(shown[1]).toMatch(/path="a"} 0$/);
});

it('the paths of a removed server disappear from the metrics page, and all do when the operator stops polling', async () => {
  const { figures, lines } = page();
  figures.set('1', server, [path('a')]);
  figures.set('2', { ...server, name: 'backup' }, [path('a')]);
  figures.forget('1');
  expect((await lines()).every((line) => line.includes('mediaserver="backup"'))).toBe(true);
  figures.clear();
  expect(await lines()).toEqual([]);
});
