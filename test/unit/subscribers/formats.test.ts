import { createHmac } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import type { Endpoint, MeshEvent } from '../../../src/ports/subscriber.ts';
import { formats } from '../../../src/subscribers/index.ts';
import { slackMessage } from '../../../src/subscribers/slack.ts';
import { filled } from '../../../src/core/places.ts';
import { templateFaults } from '../../../src/subscribers/template.ts';

const NOW = Date.parse('2026-02-03T04:05:06.789Z');
const SECRETS = ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'];

function event(draft: Partial<MeshEvent> = {}): MeshEvent {
  return {
    id: 'evt_1', type: 'ticket.updated', time: '2026-02-03T04:05:00Z', account: { id: 3, name: 'support', service: 'zendesk' }, link: 'l1', cause: 'person', private: false,
    ticket: { id: 'ticket_MTc', raw_id: '17', url: null, subject: 'Printer', status: 'open', priority: null, tags: ['a'] },
    changes: { status: { from: 'pending', to: 'open' } },
    ...draft,
  };
}
const endpoint = (draft: Partial<Endpoint> = {}): Endpoint => ({ url: 'https://hooks.example/x', secrets: SECRETS, template: null, token: null, channel: null, ...draft });
const sent = (name: string, of: MeshEvent = event(), to: Endpoint = endpoint(), at = NOW) => formats[name]!.render({ event: of, deliveryId: 'dlv_9', at, thread: null }, to);

describe('standard webhooks', () => {
  test('verify with the specification’s own library under every secret, at each attempt', () => {
    const now = Date.now();
    for (const at of [now, now + 60_000]) {
      const { headers, body } = sent('standard-webhooks', event(), endpoint(), at);
      for (const secret of SECRETS) expect(new Webhook(secret).verify(body, headers)).toMatchObject({ type: 'ticket.updated', data: { id: 'evt_1' } });
      expect([headers['webhook-id'], headers['webhook-timestamp']]).toEqual(['dlv_9', String(Math.floor(at / 1_000))]);
    }
  });

  test('sign the specification’s published example as it is published', () => {
    const body = '{"test": 2432232314}';
    const at = new Date(1_614_265_330_000);
    expect(new Webhook(SECRETS[0]!).sign('msg_p5jXN8AQM9LWM0D4loKWxJek', at, body)).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });

  test('need a secret that the specification knows', () => {
    expect(formats['standard-webhooks']!.faults(endpoint({ secrets: ['hunter2'] }))).toHaveLength(1);
  });
});

test('a Kloudless receiver finds the account, signed with the key it knows', () => {
  const { headers, body } = sent('kloudless', event(), endpoint({ secrets: ['app key'] }));
  expect(body).toBe('account=3');
  expect(headers).toEqual({
    'content-type': 'application/x-www-form-urlencoded',
    'x-kloudless-signature': createHmac('sha256', 'app key').update('account=3').digest('base64'),
  });
});

test('Zapier gets the event in the shape of its sample list', () => {
  expect(JSON.parse(sent('zapier').body)).toEqual(event());
});

const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 5_000 }),
  fc.constantFrom('<!channel> <@U1> <https://evil.example|click>', '&lt;!here&gt;', '&'.repeat(4_000), '<'.repeat(3_000), '👩‍👩‍👧'.repeat(900), '\ud800'.repeat(200), '*bold* `code` ```pre```', '\u202etxt'),
);

describe('a Slack message', () => {
  test('stays within Slack’s limits and commands nobody, whatever a ticket says', () => {
    fc.assert(
      fc.property(hostile, hostile, fc.boolean(), (subject, content, open) => {
        const message = slackMessage(
          event({
            type: 'comment.created', ticket: { id: '1', raw_id: '1', url: null, subject, requester: { user_id: null, email: null, name: content } }, changes: { subject: { from: content, to: subject } },
            comment: { id: 'c', raw_id: 'c', content, public: open, author: { user_id: null, email: null, name: subject } },
          }),
        );
        expect(message.blocks.length).toBeLessThanOrEqual(50);
        for (const block of message.blocks) {
          const texts = block.type === 'context' ? block.elements : [...('text' in block && block.text !== undefined ? [block.text] : []), ...('fields' in block ? (block.fields ?? []) : [])];
          expect(texts.length).toBeGreaterThan(0);
          expect(block.type === 'section' && 'fields' in block ? (block.fields?.length ?? 0) : 0).toBeLessThanOrEqual(10);
          for (const { type, text } of texts) {
            expect(text.length).toBeGreaterThan(0);
            expect(text.length).toBeLessThanOrEqual(block.type === 'header' ? 150 : 'fields' in block ? 2_000 : 3_000);
            expect(text.isWellFormed()).toBe(true);
            if (type === 'mrkdwn') expect(text.replace(/&(?:amp|lt|gt);/g, '')).not.toMatch(/[<>&]/);
          }
        }
        expect(message.text.replace(/&(?:amp|lt|gt);/g, '')).not.toMatch(/[<>&]/);
      }),
    );
  });

  test('reads as a person would say it', () => {
    expect(slackMessage(event({ changes: { status: { from: 'pending', to: 'open' }, assignee: { from: null, to: { user_id: null, email: 'a@b.example', name: 'Ann' } } } }))).toEqual({
      text: 'Ticket changed: Printer',
      blocks: [
        { type: 'header', text: { type: 'plain_text', text: 'Ticket changed: Printer' } },
        { type: 'section', fields: [{ type: 'mrkdwn', text: '*status*\npending → open' }, { type: 'mrkdwn', text: '*assignee*\nnothing → Ann' }] },
        { type: 'context', elements: [{ type: 'mrkdwn', text: 'support (zendesk) · 2026-02-03T04:05:00Z' }] },
      ],
    });
    const comment = { id: 'c', raw_id: 'c', content: '<p>Hi &amp; bye</p>', public: false, author: { user_id: null, email: null, name: 'Ben' } };
    expect(slackMessage(event({ type: 'comment.created', comment })).blocks[1]).toEqual({ type: 'section', text: { type: 'mrkdwn', text: 'Ben (private): Hi &amp; bye' } });
  });
});

describe('a template', () => {
  test('is filled in by value', () => {
    const made = filled({ title: 'About {{ticket.subject}} ({{ticket.tags}})', tags: '{{ ticket.tags }}', none: '{{ticket.due_at}}', n: 1, deep: [{ to: '{{changes.status.to}}' }] }, event());
    expect(made).toEqual({ title: 'About Printer (["a"])', tags: ['a'], none: null, n: 1, deep: [{ to: 'open' }] });
  });

  test('lets no text out of its place', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (subject) => {
        const body = sent('template', event({ ticket: { id: '1', raw_id: '1', url: null, subject } }), endpoint({ template: { a: 'x {{ticket.subject}} y', b: '{{ticket.subject}}' } })).body;
        expect(JSON.parse(body)).toEqual({ a: `x ${subject} y`.toWellFormed(), b: subject.toWellFormed() });
      }),
    );
  });

  test('is refused when it is saved if a place names nothing', () => {
    expect(templateFaults({ a: ['{{ticket.subject}} {{tiket.x}}'], b: '{{constructor}}', c: '{{}}' }).map(({ path }) => path)).toEqual(['template.a.0', 'template.b', 'template.c']);
    expect(templateFaults('x')).toHaveLength(1);
    expect(templateFaults({ a: 'x'.repeat(40_000) })).toHaveLength(1);
  });

  test('reaches nothing that is not the event’s own', () => {
    expect(filled('{{ticket.constructor}} {{ticket.__proto__}}', event())).toBe(' ');
  });
});
