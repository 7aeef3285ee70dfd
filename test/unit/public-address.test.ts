import { describe, expect, test } from '@jest/globals';
import type { LookupAddress } from 'node:dns';
import { openNetwork, PrivateAddress, publicNetwork, type Resolve } from '../../src/net/public-address.ts';

/** The host as it is connected to: the platform's own URL parser has made an address of every spelling of one. */
const hostOf = (url: string): string => new URL(url).hostname.replace(/^\[|\]$/g, '');

describe('an address', () => {
  test.each([
    'http://127.0.0.1/', 'http://127.1/', 'http://2130706433/', 'http://0x7f000001/', 'http://0177.0.0.1/', 'http://017700000001/',
    'http://0x7f.1/', 'http://127.0.0.1./', 'http://①②⑦.⓪.⓪.①/', 'http://１２７.０.０.１/', 'http://[::1]/', 'http://[::]/',
    'http://[::ffff:127.0.0.1]/', 'http://[::ffff:7f00:1]/', 'http://[0:0:0:0:0:ffff:a00:1]/', 'http://[64:ff9b::7f00:1]/',
    'http://169.254.169.254/', 'http://[fd00:ec2::254]/', 'http://[fe80::1]/', 'http://10.0.0.1/', 'http://172.31.255.255/',
    'http://192.168.1.1/', 'http://100.64.0.1/', 'http://0.0.0.0/', 'http://255.255.255.255/', 'http://224.0.0.1/', 'http://198.18.0.1/',
    'http://[2002:7f00:1::]/', 'http://[ff02::1]/',
  ])('of somebody’s own network is refused in any spelling: %s', (url) => {
    expect(publicNetwork.allows(hostOf(url))).toBe(false);
  });

  test.each(['http://93.184.215.14/', 'http://172.32.0.1/', 'http://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/', 'http://[::ffff:93.184.215.14]/'])('of the public internet is taken: %s', (url) => {
    expect(publicNetwork.allows(hostOf(url))).toBe(true);
  });

  test('is taken where the operator allows its network', () => {
    const own = openNetwork(['10.1.0.0/16', 'fd00::/8']);
    expect(['10.1.2.3', '10.2.0.1', 'fd00::1', '127.0.0.1'].map((address) => own.allows(address))).toEqual([true, false, true, false]);
  });

  test.each(['10.0.0.0', '10.0.0.0/33', 'x/8', '10.0.0.0/-1', '::/129', ''])('range that is none is refused: %j', (cidr) => {
    expect(() => openNetwork([cidr])).toThrow('CIDR');
  });
});

describe('a name', () => {
  const answering = (...addresses: string[]): Resolve => (_host, _options, done) =>
    done(null, addresses.map((address): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 })));
  const looked = (resolve: Resolve, all: boolean): Promise<unknown> =>
    new Promise((done) => openNetwork([], resolve).lookup('a.example', { all }, (error, address, family) => done(error ?? [address, family])));

  test('is resolved to what is connected to', async () => {
    expect(await looked(answering('93.184.215.14', '1.1.1.1'), false)).toEqual(['93.184.215.14', 4]);
    expect(await looked(answering('1.1.1.1'), true)).toEqual([[{ address: '1.1.1.1', family: 4 }], undefined]);
  });

  test.each([[['127.0.0.1']], [['1.1.1.1', '10.0.0.1']], [['::1']], [[]]])('that leads home, or partly so, is refused: %j', async (addresses) => {
    expect(await looked(answering(...addresses), true)).toBeInstanceOf(PrivateAddress);
  });

  test('that answers otherwise the second time is checked the second time', async () => {
    let asked = 0;
    const rebinding: Resolve = (host, options, done) => answering((asked += 1) === 1 ? '1.1.1.1' : '127.0.0.1')(host, options, done);
    expect([await looked(rebinding, false), await looked(rebinding, false)]).toEqual([['1.1.1.1', 4], expect.any(PrivateAddress)]);
  });
});
