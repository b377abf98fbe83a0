import { expect, it } from 'vitest';
import {
  missingRequirements,
  REQUIREMENTS,
  requirementsSentence,
} from '../../native/install/requirements.mjs';
import { neededPackages } from '../setup/debian-packages.mjs';
import { compileOrder } from './compile.mjs';

it('a package is compiled after those that it depends on, and each once', () => {
  expect(compileOrder('@videopush/native')).toEqual(['@videopush/native']);
  expect(compileOrder('@videopush/resources')).toEqual(['@videopush/resources']);
  const order = compileOrder('videopush');
  expect(order.at(-1)).toBe('videopush');
  expect([...order].sort()).toEqual([
    '@videopush/codec-worker',
    '@videopush/native',
    '@videopush/resources',
    'videopush',
  ]);
  expect(order.indexOf('@videopush/codec-worker')).toBeGreaterThan(order.indexOf('@videopush/native'));
});

it('the packages that compiling the addon lacks are found by asking, and named in order', () => {
  const installed = new Set(['cmake', 'pkg-config libavutil']);
  const missing = missingRequirements((program, args) =>
    installed.has(program === 'pkg-config' && args[1] ? `pkg-config ${args[1]}` : program),
  );
  expect(missing).not.toContain('cmake');
  expect(missing).not.toContain('libavutil-dev');
  expect(missing.slice(0, 2)).toEqual(['g++', 'make']);
  expect(requirementsSentence(['cmake', 'g++'])).toContain('`sudo apt-get install cmake g++`');
});

it('the set-up of a checkout installs everything that the package needs for compiling', () => {
  const installed = new Set([...neededPackages('demo'), 'g++', 'make']); // build-essential brings these two
  expect(REQUIREMENTS.map(({ package: name }) => name).filter((name) => !installed.has(name))).toEqual([]);
});
