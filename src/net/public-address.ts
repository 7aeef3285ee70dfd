/** Which addresses are somebody's own network: a link or an endpoint may come from anybody, and must not lead us home. */
import { lookup as systemLookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { BlockList, isIP } from 'node:net';

/** Loopback, link-local, private, shared, documentation, benchmarking, multicast and reserved ranges (IANA special-purpose registries). */
const SPECIAL: readonly (readonly [network: string, prefix: number, family: 'ipv4' | 'ipv6'])[] = [
  ['0.0.0.0', 8, 'ipv4'], ['10.0.0.0', 8, 'ipv4'], ['100.64.0.0', 10, 'ipv4'], ['127.0.0.0', 8, 'ipv4'], ['169.254.0.0', 16, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'], ['192.0.0.0', 24, 'ipv4'], ['192.0.2.0', 24, 'ipv4'], ['192.88.99.0', 24, 'ipv4'], ['192.168.0.0', 16, 'ipv4'],
  ['198.18.0.0', 15, 'ipv4'], ['198.51.100.0', 24, 'ipv4'], ['203.0.113.0', 24, 'ipv4'], ['224.0.0.0', 4, 'ipv4'], ['240.0.0.0', 4, 'ipv4'],
  ['::', 96, 'ipv6'], ['64:ff9b::', 96, 'ipv6'], ['64:ff9b:1::', 48, 'ipv6'], ['100::', 64, 'ipv6'], ['2001::', 23, 'ipv6'],
  ['2001:db8::', 32, 'ipv6'], ['2002::', 16, 'ipv6'], ['3fff::', 20, 'ipv6'], ['5f00::', 16, 'ipv6'], ['fc00::', 7, 'ipv6'],
  ['fe80::', 10, 'ipv6'], ['fec0::', 10, 'ipv6'], ['ff00::', 8, 'ipv6'],
];

const special = new BlockList();
for (const [network, prefix, family] of SPECIAL) special.addSubnet(network, prefix, family);

/** An address that is refused, told before anything is connected to. */
export class PrivateAddress extends Error {
  readonly code = 'EPRIVATE';
}

type Found = (error: Error | null, address: string | LookupAddress[], family?: number) => void;
/** As `dns.lookup` with `all`: who answers for names. */
export type Resolve = (host: string, options: LookupOptions & { readonly all: true }, done: (error: Error | null, found: LookupAddress[]) => void) => void;

export interface Network {
  /** Whether this IP address may be connected to. An IPv4 address dressed as IPv6 counts as what it is; no address at all may not. */
  allows(address: string): boolean;
  /** Resolves a host name for a connection: what is checked is what is connected to. Fails with `PrivateAddress` if any of its addresses may not be. */
  lookup(host: string, options: { readonly all?: boolean }, done: Found): void;
}

/** The public internet, and of the rest what the operator names: networks in CIDR notation. Throws for one that is none. */
export function openNetwork(allowed: readonly string[] = [], resolve: Resolve = systemLookup): Network {
  const own = new BlockList();
  for (const cidr of allowed) {
    const [network = '', prefix = ''] = cidr.split('/');
    const family = isIP(network);
    const most = family === 4 ? 32 : 128;
    if (family === 0 || !/^\d{1,3}$/.test(prefix) || Number(prefix) > most) throw new Error(`${cidr} is no network in CIDR notation, such as 10.1.0.0/16`);
    own.addSubnet(network, Number(prefix), family === 4 ? 'ipv4' : 'ipv6');
  }

  function allows(address: string): boolean {
    const bare = address.replace(/^\[|\]$/g, '');
    const family = isIP(bare);
    if (family === 0) return false;
    const kind = family === 4 ? 'ipv4' : 'ipv6';
    return own.check(bare, kind) || !special.check(bare, kind);
  }

  return {
    allows,
    lookup(host, options, done) {
      resolve(host, { ...options, all: true }, (error, found) => {
        if (error !== null) {
          done(error, []);
          return;
        }
        const first = found[0];
        if (first === undefined || !found.every(({ address }) => allows(address))) done(new PrivateAddress(`${host} is not on the public internet`), []);
        else if (options.all === true) done(null, found);
        else done(null, first.address, first.family);
      });
    },
  };
}

export const publicNetwork = openNetwork();
