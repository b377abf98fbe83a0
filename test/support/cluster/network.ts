/**
 * A node's network: a namespace of its own, so that the rules of kube-proxy and of the container network meet nobody
 * else's, joined to this machine's by one pair of virtual interfaces. Pods and Services are routed through it; nothing
 * is translated, and nothing leaves this machine.
 */
import { execute } from './command.ts';

export interface Addresses {
  /** This machine, as the node and the pods see it. */
  host: string;
  node: string;
  podRange: string;
  serviceRange: string;
  /** ClusterIP of the API server. */
  kubernetes: string;
  /** ClusterIP of the name server. */
  dns: string;
}

export function addressesOf(slot: number): Addresses {
  return {
    host: `10.210.${slot}.1`,
    node: `10.210.${slot}.2`,
    podRange: `10.244.${slot}.0/24`,
    serviceRange: `10.96.${slot}.0/24`,
    kubernetes: `10.96.${slot}.1`,
    dns: `10.96.${slot}.10`,
  };
}

/** This machine's end; Linux allows 15 characters. */
export const linkName = (slot: number): string => `videopush${slot}`;

/** @param keeper a process in the node's network namespace, by its number out here */
export async function joinNetworks(slot: number, keeper: number, signal?: AbortSignal): Promise<void> {
  const { host, node, podRange, serviceRange } = addressesOf(slot);
  const link = linkName(slot);
  const ip = (args: string, inside = false) => {
    const words = ['ip', ...args.split(' ')];
    const [file = '', ...rest] = inside ? ['nsenter', '--target', `${keeper}`, '--net', ...words] : words;
    return execute(file, rest, { limitMilliseconds: 10_000, ...(signal ? { signal } : {}) });
  };
  await ip(`link add ${link} type veth peer name eth0 netns ${keeper}`);
  await ip(`address add ${host}/24 dev ${link}`);
  await ip(`link set ${link} up`);
  await ip('link set lo up', true);
  await ip(`address add ${node}/24 dev eth0`, true);
  await ip('link set eth0 up', true);
  await ip(`route add default via ${host}`, true);
  // A route is needed before a packet to a ClusterIP gets to the rules that rewrite it.
  await ip(`route add ${serviceRange} dev eth0`, true);
  await ip(`route add ${podRange} via ${node}`);
  await ip(`route add ${serviceRange} via ${node}`);
}

/** Removes this machine's end, and its routes with it; not an error when there is none. */
export async function removeLink(slot: number): Promise<void> {
  await execute('ip', ['link', 'delete', linkName(slot)], { limitMilliseconds: 10_000 }).catch(() => {});
}
