/** The resources of a container: what the cost table says, and what the resource says over it. Pure. */
import { ManifestError } from '../schema/manifest.ts';
import { parseQuantity, type Quantity } from '../schema/quantity.ts';
import type { Cost } from './cost.ts';
import { mebibytes, millicores } from './quantity.ts';

export interface Resources {
  requests?: Record<string, Quantity>;
  limits?: Record<string, Quantity>;
}

/**
 * Explicit amounts win, resource by resource. No CPU limit unless it is asked for (it would stall frames for
 * whole scheduler periods), a memory limit always (so that a leak ends the container that leaks). Where only
 * one of request and limit is given, the other one moves to make the pair valid. `field`:
 * `spec.resources.encoder`.
 * @throws ManifestError for a request above its limit, and for what is no quantity
 */
export function containerResources(cost: Cost, given: Resources | undefined, field: string): Resources {
  const { requests = {}, limits = {} } = given ?? {};
  checkQuantities(requests, `${field}.requests`);
  checkQuantities(limits, `${field}.limits`);
  const result = {
    requests: { cpu: millicores(cost.cpuMillicores), memory: mebibytes(cost.memoryBytes), ...requests },
    limits: { memory: mebibytes(cost.memoryLimitBytes), ...limits },
  } satisfies Resources as { requests: Record<string, Quantity>; limits: Record<string, Quantity> };
  for (const name of Object.keys(result.limits)) {
    const request = result.requests[name];
    const limit = result.limits[name];
    if (request === undefined || limit === undefined || amount(request) <= amount(limit)) continue;
    if (name in requests && name in limits) {
      throw new ManifestError(`${field}.requests.${name}`, `must be at most limits.${name}, ${limit}`);
    }
    if (name in limits) result.requests[name] = limit;
    else result.limits[name] = request;
  }
  return { requests: ordered(result.requests), limits: ordered(result.limits) };
}

const amount = (quantity: Quantity): number => parseQuantity(quantity) ?? 0;

function checkQuantities(amounts: Readonly<Record<string, Quantity>>, field: string): void {
  for (const [name, quantity] of Object.entries(amounts)) {
    const value = parseQuantity(quantity);
    if (value === undefined || value < 0) {
      throw new ManifestError(`${field}.${name}`, `must be a quantity such as 500m, 2 or 256Mi`);
    }
  }
}

/** Whatever order they were written in. */
function ordered(amounts: Record<string, Quantity>): Record<string, Quantity> {
  return Object.fromEntries(Object.entries(amounts).sort(([a], [b]) => (a < b ? -1 : Number(a > b))));
}
