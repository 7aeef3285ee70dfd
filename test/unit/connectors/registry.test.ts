import { describe, expect, test } from '@jest/globals';
import { readdirSync } from 'node:fs';
import { createValidator } from '../../../src/contracts/validator.ts';
import { connectors } from '../../../src/connectors/index.ts';

const folders = readdirSync(new URL('../../../src/connectors/', import.meta.url), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== 'kit')
  .map(({ name }) => name);

const CREDENTIALS: Readonly<Record<string, { readonly good: readonly object[]; readonly bad: readonly object[] }>> = {
  zendesk: {
    good: [{ email: 'bot@acme.example', token: 't' }, { access_token: 'a' }, { access_token: 'a', refresh_token: 'r', client_id: 'c', client_secret: 's' }],
    bad: [{}, { email: 'bot@acme.example' }, { email: 'bot@acme.example', token: 't', access_token: 'a' }, { token: 't' }, { access_token: 'a', refresh_token: 'r' }],
  },
  freshdesk: { good: [{ key: 'k' }, { key: 'k', webhook_secret: 'sixteen-letters!' }], bad: [{}, { key: '' }, { key: 'k', extra: 'x' }] },
  helpdesk: { good: [{ key: 'k', workspace: 'ws_1' }, { key: 'k', workspace: 'ws_1', session_token: 's' }], bad: [{ key: 'k' }, { workspace: 'w' }] },
  'zendesk-classic': {
    good: [{ email: 'bot@acme.example', token: 't' }, { email: 'bot@acme.example', password: 'p' }, { email: 'bot@acme.example', token: 't', webhook_secret: 'sixteen-letters!' }],
    bad: [{}, { email: 'bot@acme.example' }, { token: 't' }, { email: 'bot@acme.example', token: 't', password: 'p' }, { email: 'bot@acme.example', token: 't', webhook_secret: 'short' }],
  },
  helpspace: {
    good: [{ token: 't', client_id: 'c' }, { token: 't', client_id: 'c', webhook_secret: 'sixteen-letters!' }],
    bad: [{ token: 't' }, { client_id: 'c' }, { token: '', client_id: 'c' }, { token: 't', client_id: 'c', webhook_secret: 'short' }],
  },
};

describe('the registry', () => {
  test('has a line for every connector and nothing else', () => {
    expect(Object.keys(connectors).sort()).toEqual(folders.sort());
    for (const [name, { about }] of Object.entries(connectors)) expect(about.service).toBe(name);
    expect(connectors['constructor']).toBeUndefined();
    expect(connectors['__proto__']).toBeUndefined();
  });

  test.each(Object.entries(connectors))('%s describes itself with schemas that compile and hold', (name, { about }) => {
    const credentials = createValidator(about.credentials);
    for (const good of CREDENTIALS[name]?.good ?? []) expect(credentials(good)).toEqual([]);
    for (const bad of CREDENTIALS[name]?.bad ?? []) expect(credentials(bad)).not.toEqual([]);
    const settings = createValidator(about.settings);
    expect(settings({})).toEqual([]);
    expect(settings({ find_lag_seconds: 3 })).toEqual([]);
    expect(settings({ find_lag_seconds: 'soon' })).not.toEqual([]);
    expect(settings({ no_such_setting: 1 })).not.toEqual([]);
    createValidator(about.webhooks);
  });

  test.each<[string, object, boolean]>([
    ['zendesk', { type: 'zen:event-type:ticket.created', detail: { id: '1' } }, true],
    ['zendesk', { detail: { id: '1' } }, false],
    ['zendesk', { ticket_id: '1' }, true],
    ['zendesk', { ticket_id: 1, happened: 'comment.created' }, true],
    ['zendesk', { ticket_id: ['1'] }, false],
    ['freshdesk', { freshdesk_webhook: { ticket_id: 1 } }, true],
    ['freshdesk', { ticket_id: '1', event: 'x' }, true],
    ['freshdesk', { freshdesk_webhook: [] }, false],
    ['freshdesk', { something: 'else' }, false],
    ['helpdesk', { type: 'ticket.created', data: { ticket: { id: 'tkt_1' } } }, true],
    ['helpdesk', { type: 'ticket.created', data: { ticket: { subject: 'no id' } } }, false],
    ['helpdesk', {}, false],
    ['zendesk-classic', { message: '303 created' }, true],
    ['zendesk-classic', { ticket: { id: '303' } }, true],
    ['zendesk-classic', {}, false],
    ['zendesk-classic', [], false],
    ['helpspace', { event: 'ticket.created', data: { id: 1 } }, true],
    ['helpspace', { data: {} }, true],
    ['helpspace', { data: [] }, false],
    ['helpspace', { id: 1 }, false],
  ])('a webhook of %s: %j', (name, body, fits) => {
    const about = connectors[name]?.about;
    expect(createValidator(about?.webhooks ?? {})(body).length === 0).toBe(fits);
  });

  test.each(Object.entries(connectors))('every setting and credential of %s is described', (_name, { about }) => {
    for (const schema of [about.credentials, about.settings]) {
      const { properties } = schema as { readonly properties: Readonly<Record<string, { readonly description?: string }>> };
      for (const property of Object.values(properties)) expect(property.description).toEqual(expect.any(String));
    }
  });
});
