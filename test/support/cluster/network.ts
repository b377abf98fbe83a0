/**
 * A node's network: a namespace of its own, so that the rules of kube-proxy and of the container network meet
 * nobody else's, joined to this machine's by one pair of virtual interfaces. Pods and Services are routed
 * through it; nothing is translated, and nothing leaves this machine.
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
  const ip = (args: string, inside = false) => runIp(args, inside ? keeper : null, signal);
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

/** A node as its neighbours see it. */
export interface Neighbour {
  slot: number;
  /** A process in its network namespace, by its number out here. */
  keeper: number;
}

/**
 * Joins a further node to the first: a pair of virtual interfaces straight between the two, so
 * that their traffic depends on no setting of this machine, and routes to each other's pods
 * and to the cluster's Services.
 */
export async function joinNodes(first: Neighbour, further: Neighbour, signal?: AbortSignal): Promise<void> {
  const [ends, names] = [
    [first, further],
    [linkName(further.slot), linkName(first.slot)],
  ] as const;
  const pair = `type veth peer name ${names[1]} netns ${further.keeper}`;
  await runIp(`link add ${names[0]} netns ${first.keeper} ${pair}`, null, signal);
  for (const [i, { slot, keeper }] of ends.entries()) {
    const other = addressesOf((ends[1 - i] as Neighbour).slot);
    const ip = (args: string) => runIp(args, keeper, signal);
    // The node's own address once more: packets to the other one carry it.
    await ip(`address add ${addressesOf(slot).node}/32 dev ${names[i]}`);
    await ip(`link set ${names[i]} up`);
    await ip(`route add ${other.node}/32 dev ${names[i]}`);
    await ip(`route add ${other.podRange} via ${other.node} dev ${names[i]}`);
  }
  await runIp(`route add ${addressesOf(first.slot).serviceRange} dev eth0`, further.keeper, signal);
}

/** The nodes hear nothing of each other any more, as when a machine loses its power. */
export async function cutNodes(first: Neighbour, furtherSlot: number): Promise<void> {
  await runIp(`link delete ${linkName(furtherSlot)}`, first.keeper);
}

/** @param keeper a process in the network namespace that is meant; null is this machine's own */
function runIp(args: string, keeper: number | null, signal?: AbortSignal): Promise<string> {
  const words = ['ip', ...args.split(' ')];
  const [file = '', ...rest] =
    keeper === null ? words : ['nsenter', '--target', `${keeper}`, '--net', ...words];
  return execute(file, rest, { limitMilliseconds: 10_000, ...(signal ? { signal } : {}) });
}

/** Removes this machine's end of the link with its routes; does nothing when it does not exist. */
export async function removeLink(slot: number): Promise<void> {
  await runIp(`link delete ${linkName(slot)}`, null).catch(() => {});
}
