/** The operator's configuration: one JSON file, as the chart writes it. */
import { readFileSync } from 'node:fs';
import { DEFAULTS, type Defaults } from '@videopush/resources/builders/defaults';
import { parseWith } from '@videopush/resources/schema-issues';
import * as z from 'zod';

const name = z.string().min(1).max(253);
const port = z.int().min(1).max(65_535);
const seconds = z.int().min(1).max(3600);
const level = z.enum(['error', 'warn', 'info', 'debug']);

const leaderElection = z
  .strictObject({
    enabled: z.boolean().default(true),
    leaseName: name.default('videopush'),
    leaseDurationSeconds: seconds.default(15),
    renewDeadlineSeconds: seconds.default(10),
    retryPeriodSeconds: seconds.default(2),
  })
  .refine((lease) => lease.renewDeadlineSeconds < lease.leaseDurationSeconds, {
    message: 'renewDeadlineSeconds must be less than leaseDurationSeconds',
  })
  .refine((lease) => lease.retryPeriodSeconds < lease.renewDeadlineSeconds, {
    message: 'retryPeriodSeconds must be less than renewDeadlineSeconds',
  });

const config = z.strictObject({
  /** empty: all namespaces */
  watchNamespaces: z.array(name).max(1000).default([]),
  images: z
    .strictObject({
      worker: z.string().min(1).max(512).default(DEFAULTS.images.worker),
      mediaMtx: z.string().min(1).max(512).default(DEFAULTS.images.mediaMtx),
    })
    .prefault({}),
  imagePullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']).default(DEFAULTS.imagePullPolicy),
  imagePullSecrets: z.array(name).max(32).default([]),
  natsAddress: z
    .string()
    .max(512)
    .regex(/^(nats|tls):\/\/[^/@]+$/, 'must be nats://HOST:PORT without a user')
    .optional(),
  clusterDomain: name.default(DEFAULTS.clusterDomain),
  /** in the operator's own namespace */
  keySecretName: name.default('videopush-key'),
  leaderElection: leaderElection.prefault({}),
  pages: z.strictObject({ metricsPort: port.default(8080), healthPort: port.default(8081) }).prefault({}),
  logLevel: level.default('info'),
  workerLogLevel: level.default(DEFAULTS.workerLogLevel),
});

export type OperatorConfig = z.output<typeof config>;

/** The message is one line for a person and begins with the field. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** @throws ConfigError */
export function parseConfig(text: string): OperatorConfig {
  return parseWith(config, text, 'the configuration', (fault) => new ConfigError(fault));
}

/** @throws ConfigError */
export function readConfig(file: string): OperatorConfig {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError(`the configuration cannot be read: ${(error as Error).message}`);
  }
  return parseConfig(text);
}

export function defaultsOf({ logLevel: _, ...config }: OperatorConfig): Defaults {
  const { images, imagePullPolicy, imagePullSecrets, natsAddress, clusterDomain, workerLogLevel } = config;
  return { images, imagePullPolicy, imagePullSecrets, natsAddress, clusterDomain, workerLogLevel };
}
