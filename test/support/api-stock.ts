/** A site that has something of everything: tickets, comments, links, operations, receipts, tokens. */
import { USUAL_TERMS } from '../../src/core/rules.ts';
import { API_TOKEN, type ApiSite } from './api-site.ts';
import { pick, type Chance } from './schema-values.ts';
import type { Tokens } from './requests.ts';
import { until } from './until.ts';

export interface Prepared {
  readonly tokens: Tokens;
  /** Operations that no request can succeed with here, and why they are left out. */
  readonly unreachable: readonly string[];
  idFor(operation: string, parameter: string, chance: Chance): string;
  /** A ticket or comment that was created. */
  note(made: { readonly href: string; readonly id: string; readonly type: string }): void;
}

interface Known {
  readonly account: string;
  readonly ticket: string;
  readonly comment: string | null;
}

const TICKET = { subject: 'test ticket', description: '<div>this is a ticket</div>', requester: { email: 'test@test.com' } };

export async function prepare(site: ApiSite): Promise<Prepared> {
  const services = [...site.desks.keys()];
  const known: Known[] = [];
  for (const service of services) {
    const account = String(site.account(service));
    for (let n = 0; n < 3; n += 1) {
      const { body: ticket, status, text } = await site.ask(`/accounts/${account}/helpdesk/tickets`, { body: { ...TICKET, subject: `${service} ${n}` } });
      if (status !== 201) throw new Error(`${service} takes no ticket: ${text}`);
      const { body: comment, status: commented } = await site.ask(`/accounts/${account}/helpdesk/tickets/${String(ticket['id'])}/comments`, { body: { content: '<p>first</p>' } });
      known.push({ account, ticket: String(ticket['id']), comment: commented === 201 ? String(comment['id']) : null });
    }
  }
  const spare = await spareAccount(site, 'zendesk');
  const { link, operation } = await linked(site);
  const receipt = await site.app.store.intake.accept({
    account_id: site.account('zendesk'), dedupe: 'stock', headers: { 'content-type': 'application/json' }, raw_body: Buffer.from('{"no":"webhook"}'),
    state: 'parked', reason: 'made for a test', ticket_id: null, event: null, snapshot: null,
  });
  const made = async (body: object): Promise<{ token: string; id: string }> => (await site.ask('/tokens', { body })).body as { token: string; id: string };
  const account = site.account('zendesk');
  const tokens: Tokens = {
    all: API_TOKEN,
    account: (await made({ name: 'one', scope: 'account', account_id: account })).token,
    readOnly: (await made({ name: 'reader', scope: 'all', read_only: true })).token,
  };
  const shownTokens: string[] = [];
  for (let n = 0; n < 30; n += 1) shownTokens.push((await made({ name: `n${n}`, scope: 'all' })).id);

  const subscriptions: string[] = [];
  const deliveries: string[] = [];
  for (let n = 0; n < 30; n += 1) {
    const { body: subscription, text } = await site.ask('/subscriptions', { body: { url: 'https://hooks.invalid/in', events: ['*'], ...(n % 2 === 0 ? {} : { format: 'zapier' }), enabled: false } });
    if (subscription['id'] === undefined) throw new Error(`no subscription: ${text}`);
    subscriptions.push(String(subscription['id']));
    const { body: delivery } = await site.ask(`/subscriptions/${String(subscription['id'])}/test`, { method: 'POST' });
    deliveries.push(String(delivery['id']));
  }
  const { database } = site.app;
  await database.run('given_up', `update deliveries set state = 'dead', due_at = null, settled_at = now() where subscription_id = any($1::uuid[])`, [subscriptions.slice(0, 10)]);

  const UUID = '0198c5b2-7b1e-7c3a-9d55-0f5e8f6f2a10';
  /** Requests are made one part after the other: what a ticket belongs to was picked just before it. */
  let current: Known | null = null;
  const some = (chance: Chance): Known => pick(chance, known);
  /** Only one desk changes and deletes comments, and each only once: half of the time it is asked for the youngest. */
  const youngestOf = (operationId: string, chance: Chance): Known | null => {
    if (!/^(update|delete)Comment$/.test(operationId) || chance() < 0.5) return null;
    const account = String(site.account('freshdesk'));
    return known.findLast((one) => one.account === account && one.comment !== null) ?? null;
  };
  return {
    tokens,
    // What is proven elsewhere: no request made at random names the account that it removes, or knows credentials.
    unreachable: ['deleteAccount', 'connectAccount', 'downloadTicketFile', 'downloadCommentFile'],
    note({ href, id, type }) {
      const [, account = '', ticket = ''] = /accounts\/(\d+)\/helpdesk\/tickets\/([^/]+)/.exec(href) ?? [];
      known.push({ account, ticket, comment: type === 'comment' ? id : null });
      if (known.length > 200) known.splice(0, 1);
    },
    idFor(operationId, parameter, chance) {
      switch (parameter) {
        case 'account_id':
          if (operationId === 'updateAccount') return spare;
          if (operationId === 'deleteAccount') return String(site.account('zendesk'));
          current = youngestOf(operationId, chance);
          if (current !== null) return current.account;
          current = pick(chance, operationId.includes('Comment') ? known.filter(({ comment }) => comment !== null || chance() < 0.1) : known);
          return current.account;
        case 'ticket_id':
          return chance() < 0.1 ? 'ticket_OTk5OTk5' : (current ?? some(chance)).ticket;
        case 'comment_id':
          return chance() < 0.1 ? 'comment_OTk5OTk5' : ((current ?? some(chance)).comment ?? 'comment_OTk5OTk5');
        case 'attachment_id':
          return '1';
        case 'token_id':
          return operationId === 'deleteToken' ? pick(chance, [...shownTokens.slice(10), UUID, 'x']) : pick(chance, [...shownTokens.slice(0, 10), UUID, 'x']);
        case 'mirror_id':
          return pick(chance, ['both', 'none', '%']);
        case 'link_id':
          return pick(chance, [link, UUID, 'x']);
        case 'operation_id':
          return pick(chance, [operation, '999999', 'x', '0']);
        case 'subscription_id':
          return operationId === 'deleteSubscription' ? pick(chance, [...subscriptions.slice(10), UUID, 'x']) : pick(chance, [...subscriptions.slice(0, 10), UUID, 'x']);
        case 'delivery_id':
          return pick(chance, [...deliveries.slice(0, 10), UUID, 'x']);
        case 'receipt_id':
          return pick(chance, [receipt.id, '999999', 'x', '-1']);
        default:
          throw new Error(`nothing for ${parameter}`);
      }
    },
  };
}

/** An account that may be changed or removed: a desk again, through another agent. */
async function spareAccount(site: ApiSite, of: string): Promise<string> {
  const { url, human, service } = site.desk(of);
  const { body, status, text } = await site.ask('/accounts', { body: { name: `spare-${of}`, service, url, credentials: human } });
  if (status !== 201) throw new Error(`no spare account: ${text}`);
  return String(body['id']);
}

/** One ticket is mirrored, so that there is a link and an operation; then the mirror rests. */
async function linked(site: ApiSite): Promise<{ readonly link: string; readonly operation: string }> {
  const edges = [['zendesk', 'freshdesk'], ['freshdesk', 'zendesk']].map(([from = '', to = '']) => ({ from, to, terms: { ...USUAL_TERMS, owner: {} } }));
  const { store, roster } = site.app;
  await store.accounts.apply([], [{ name: 'both', edges, lenses: {} }]);
  await roster.refresh(true);
  const { body } = await site.ask(`/accounts/${site.account('zendesk')}/helpdesk/tickets`, { body: { ...TICKET, subject: 'mirrored' } });
  const rawId = Buffer.from(String(body['id']).slice('ticket_'.length), 'base64url').toString();
  await store.lanes.signal(site.account('zendesk'), [{ ticketId: rawId, modified_at: null, is_deleted: false, force: false }]);
  const operation = await until(
    async () => {
      const { body: list } = await site.ask('/operations?outcome=done');
      return (list['objects'] as { id: string; link: string }[])[0];
    },
    { what: 'an operation' },
  );
  const waiting = edges.slice(0, 1);
  await store.accounts.apply([], [{ name: 'both', edges: waiting.map((edge) => ({ ...edge, terms: { ...edge.terms, where: { properties: { subject: { const: 'nothing is called this' } }, required: ['subject'] } } })), lenses: {} }]);
  await roster.refresh(true);
  return { link: operation.link, operation: operation.id };
}
