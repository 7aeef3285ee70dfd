/** The real connectors against the sandbox desks that ship with Deskmesh. */
import { connectors } from '../../../src/connectors/index.ts';
import { startSandbox } from '../../../src/sandbox/index.ts';
import type { Premises } from './bench.ts';
import { deskSuite } from './suite.ts';

/** The sandbox's agents are the same people on every desk. */
const AGENT = 'ben@example.com';
const SETTINGS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'zendesk-classic': { view: 4001, view_order: 'updated', webhook_user: 'deskmesh' },
  freshdesk: { webhook_header: 'X-Deskmesh-Secret' },
  helpspace: { channel_id: 1, create_tags: true },
  helpdesk: { agents: { [AGENT]: 'usr_xyz789', 'ann@example.com': 'usr_abc123' }, description_field: 'cf_description' },
};

/** The same desk as it may be as well: switches of the sandbox that change how it speaks, and the settings that go with them. */
interface Dialect {
  readonly name: string;
  readonly switches: Readonly<Record<string, unknown>>;
  readonly settings: Readonly<Record<string, unknown>>;
}
const DIALECTS: Readonly<Record<string, readonly Dialect[]>> = {
  'zendesk-classic': [
    {
      name: 'that answers JSON, through a view by number, with external ids as marks and targets that send XML',
      switches: { xml_answers_json: true, target_format: 'xml' },
      settings: { view: 4002, view_order: 'any', mark_tickets: 'external-id', comment_with_update: true },
    },
  ],
  freshdesk: [
    {
      name: 'of a strict account that mails public comments, with policies that set due dates and a rule that people wrote',
      switches: {
        required_fields: ['cf_ref'], multiple_companies: false, archive: false, search_lag_ms: 600_000, sla_fill_ms: 0,
        webhook_content: '{"ticket_id":"TICKET-{{ticket.id}}","event":"{{triggered_event}}"}',
      },
      settings: { public_comments: 'reply', defaults: { cf_ref: 'none' } },
    },
  ],
  helpdesk: [
    {
      name: 'as the pagination page has it, with the description as first message and Stripe’s signature',
      switches: {
        paging: 'pagination', error_envelope: 'flat', update_answer: 'empty', message_envelope: 'bare', message_moves_ticket: false,
        webhook_signature: 'stripe', webhook_envelope: 'thin',
      },
      settings: { description_field: undefined, description_message: true, signature: { scheme: 'stripe', header: 'Airclou-Signature' } },
    },
    {
      name: 'as the ticket page has it, with plain signatures and flat webhooks',
      switches: { paging: 'tickets', error_envelope: 'word', update_answer: 'bare', message_envelope: 'data', webhook_signature: 'hmac', webhook_envelope: 'flat' },
      settings: { signature: { scheme: 'hmac', header: 'X-Webhook-Signature', prefix: 'sha256=' }, envelope: { ticketPath: '$', typePath: 'event', timePath: 'sentAt' } },
    },
  ],
};

/** Where no API sets webhooks up, the secret is agreed by hand. */
const BY_HAND: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  freshdesk: { webhook_secret: 'a-secret-set-by-hand' },
  'zendesk-classic': { webhook_secret: 'a-secret-set-by-hand' },
};

/** What else differs: a desk whose webhooks leave deletions out, and that answers updates with a status alone. */
const MORE: Readonly<Record<string, Pick<Premises, 'tells' | 'mute'>>> = {
  'zendesk-classic': { tells: ['ticket.created', 'ticket.updated'], mute: true },
};

for (const [service, connector] of Object.entries(connectors)) {
  const usual: Dialect = { name: '', switches: {}, settings: {} };
  for (const dialect of [usual, ...(DIALECTS[service] ?? [])]) {
    const open = async (): Promise<Premises> => {
      const [desk] = await startSandbox({ only: [service] });
      if (desk === undefined) throw new Error(`there is no sandbox desk for ${service}`);
      const settings = Object.fromEntries(Object.entries({ ...SETTINGS[service], ...dialect.settings }).filter(([, value]) => value !== undefined));
      return {
        connector,
        url: desk.url,
        credentials: { ...desk.credentials, ...BY_HAND[service] },
        human: { ...desk.human, ...BY_HAND[service] },
        settings,
        agent: AGENT,
        ...MORE[service],
        reset() {
          desk.reset();
          desk.settings(dialect.switches);
        },
        async installWebhook(url, secret) {
          const headers = { 'content-type': 'application/json' };
          await fetch(`${desk.url}/__sandbox/webhook`, { method: 'POST', headers, body: JSON.stringify({ url, secret }) });
        },
        fault: (fault) => desk.faults(fault),
        close: () => desk.close(),
      };
    };
    deskSuite(`${service} against its sandbox${dialect.name === '' ? '' : `, ${dialect.name}`}`, open);
  }
}
