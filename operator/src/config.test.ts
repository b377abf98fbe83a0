import { DEFAULTS } from '@videopush/resources/builders/defaults';
import { describe, expect, it } from 'vitest';
import { ConfigError, defaultsOf, parseConfig, readConfig } from './config.ts';

it('an empty configuration has the defaults of the chart', () => {
  const config = parseConfig('{}');
  expect(defaultsOf(config)).toEqual({ ...DEFAULTS, natsAddress: undefined });
  expect(config).toMatchObject({
    watchNamespaces: [],
    keySecretName: 'videopush-key',
    leaderElection: {
      enabled: true,
      leaseDurationSeconds: 15,
      renewDeadlineSeconds: 10,
      retryPeriodSeconds: 2,
    },
    pages: { metricsPort: 8080, healthPort: 8081 },
  });
});

describe('wrong configurations', () => {
  it.each<[string, string]>([
    ['not JSON', 'the configuration is not JSON'],
    ['nats://user:secret@host:4222', 'the configuration is not JSON'],
    ['{"logLevel": "loud"}', 'logLevel: '],
    ['{"images": {"workr": "x"}}', 'images.workr: is not a known key'],
    ['{"watchNamespaces": ["a", ""]}', 'watchNamespaces[1]: '],
    [
      '{"natsAddress": "nats://user:secret@host:4222"}',
      'natsAddress: must be nats://HOST:PORT without a user',
    ],
    [
      '{"leaderElection": {"renewDeadlineSeconds": 20}}',
      'leaderElection: renewDeadlineSeconds must be less than leaseDurationSeconds',
    ],
  ])('a wrong configuration is refused in one line that begins with the field: %s', (text, message) => {
    expect(() => parseConfig(text)).toThrow(ConfigError);
    expect(() => parseConfig(text)).toThrow(message);
    expect(() => parseConfig(text)).not.toThrow(/secret/);
  });

  it('a configuration file that does not exist is reported with the cause', () => {
    expect(() => readConfig('/nonexistent/operator.json')).toThrow(
      /^the configuration cannot be read: ENOENT/,
    );
  });
});
