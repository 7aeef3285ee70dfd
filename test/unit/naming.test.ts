/** What operators may call a ticket. */
import { expect, test } from '@jest/globals';
import { createNaming } from '../../src/engine/naming.ts';
import type { Account } from '../../src/ports/connector.ts';
import type { Standing, Survey } from '../../src/ports/repair.ts';
import { replica } from './core/given.ts';

const LINK = '00000000-0000-4000-8000-000000000001';
const OTHER = '00000000-0000-4000-8000-000000000002';
const [ONE, TWO, ELSEWHERE] = ['10000000-0000-4000-8000-000000000001', '10000000-0000-4000-8000-000000000002', '10000000-0000-4000-8000-000000000003'];

const account = (id: number, name: string, url: string): Account =>
  ({ id, name, url, service: 'toy', credentials: {}, settings: {}, hook_token: '', inbound_secrets: [], state: 'running', stopped_because: null });
const ACCOUNTS = [account(1, 'support', 'https://acme.zendesk.example'), account(2, 'space', 'https://api.space.example'), account(3, 'vendor', 'https://desk.example:8443')];

const standing = (id: string | undefined, accountId: number, ticketId: string, linkId: string): Standing => ({
  replica: replica({ id: id ?? '', account_id: accountId, ticket_id: ticketId, link_id: linkId }), signalled: 0, read: 0, wanted: 1, due: null, leased: false,
});
const ALL = [standing(ONE, 1, '17', LINK), standing(TWO, 2, '17', LINK), standing(ELSEWHERE, 3, '42', OTHER), standing(undefined, 1, '42', LINK), standing(undefined, 3, 'tkt:a/b', OTHER)];

const survey = {
  replicas: async (ids) => ALL.filter((one) => ids.includes(one.replica.id)),
  replicasOfLinks: async (ids) => ALL.filter((one) => ids.includes(one.replica.link_id ?? '')),
  replicasOfTickets: async (accountId, ids) => ALL.filter(({ replica: one }) => one.account_id === accountId && ids.includes(one.ticket_id ?? '')),
} as Partial<Survey> as Survey;
const naming = createNaming({
  survey, accounts: { all: () => ACCOUNTS, byId: (id) => ACCOUNTS.find((one) => one.id === id) ?? null, byName: (name) => ACCOUNTS.find((one) => one.name === name) ?? null },
});

async function meant(name: string): Promise<readonly string[] | string> {
  const found = await naming.replicas(name);
  return typeof found === 'string' ? found : found.map(({ replica: one }) => `${one.account_id}:${one.ticket_id}`);
}

test.each([
  ['a ticket with its account', 'support:17', ['1:17']],
  ['an id that holds a colon', 'vendor:tkt:a/b', ['3:tkt:a/b']],
  ['a ticket id that all of whose tickets are of one link', '17', ['1:17', '2:17']],
  ['a ticket id with a colon, of no account’s name', 'tkt:a/b', ['3:tkt:a/b']],
  ['a link', LINK, ['1:17', '2:17', '1:42']],
  ['a replica', TWO, ['2:17']],
  ['an agent’s address', 'https://acme.zendesk.example/agent/tickets/17', ['1:17']],
  ['an address in the desk’s API', 'https://acme.zendesk.example/api/v2/tickets/17.json?include=users', ['1:17']],
  ['an address beside the API’s host', 'https://app.space.example/#/inbox/3/tickets/17', ['2:17']],
  ['an address with the ticket in a parameter', 'https://desk.example:8443/show?view=9&ticket=tkt%3Aa%2Fb', ['3:tkt:a/b']],
  ['the address of a link here', `http://127.0.0.1:8080/v1/links/${LINK}`, ['1:17', '2:17', '1:42']],
])('%s', async (_, name, expected) => {
  expect(await meant(name)).toEqual(expected);
});

test.each([
  ['42', 'several accounts have such a ticket: say support:42 or vendor:42'],
  ['nobody:1', 'there is no account nobody'],
  ['support:18', 'this ticket is not known'],
  ['4711', 'no ticket, replica or link has this id'],
  ['https://other.zendesk.example/agent/tickets/17', 'no account has this address: known are https://acme.zendesk.example, https://api.space.example, https://desk.example:8443'],
  ['https://acme.zendesk.example/agent/tickets/18', 'none of the tickets known on support has this address'],
  ['https://', 'this is no address'],
  ['https://acme.zendesk.example/%E0%A4%A', 'none of the tickets known on support has this address'],
])('%s is said to mean nothing', async (name, why) => {
  expect(await meant(name)).toBe(why);
});
