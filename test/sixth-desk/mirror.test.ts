/** The app, told of a sixth connector and of nothing else, mirrors a ticket and its comments to and from another desk. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { SandboxDesk } from '../../src/sandbox/index.ts';
import { at } from '../contract/sandbox-support.ts';
import { until } from '../support/until.ts';
import { notesOf, setStage, ticketsOf, type Stage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await setStage({ description_field: 'cf_description' });
});
afterAll(() => stage.close());

const said = (desk: SandboxDesk, text: string, hidden: boolean): boolean => notesOf(desk).filter(([words, internal]) => words.includes(text) && internal === hidden).length === 1;

test('a case goes to the other desk, comments go both ways, changes come back, and a deletion ends both', async () => {
  const { pigeons, helpdesk, ann } = stage;
  const made = await ann.pigeons.call('POST', '/api/cases', { case: { title: 'Pigeon lost', body: '<p>Grey, <b>two</b> wings</p>', urgency: 2, labels: ['birds'], from: { mail: 'carla@customer.example', name: 'Carla' } } });
  const id = String(at(made.body, 'case', 'id'));
  await until(() => ticketsOf(helpdesk).length === 1, { what: 'the case is on the other desk' });
  const [ticket] = ticketsOf(helpdesk);
  expect(ticket).toMatchObject({ subject: 'Pigeon lost', status: 'open', priority: 'high', requesterEmail: 'carla@customer.example', customFields: [{ id: 'cf_description', value: 'Grey, two wings' }] });
  const there = String(at(ticket, 'id'));

  await ann.pigeons.call('POST', `/api/cases/${id}/notes`, { note: { html: '<p>Seen over the harbour</p>', internal: true } });
  await until(() => said(helpdesk, 'Seen over the harbour', true), { what: 'the internal note is a note there' });
  await ann.session.call('POST', '/helpdesk/api/messages', { ticket_id: there, type: 'response', content: '<p>We are looking</p>', send_email: false });
  await until(() => said(pigeons, 'We are looking', false), { what: 'the response is a public note here' });

  await ann.helpdesk.call('PUT', `/helpdesk/api/v1/tickets/${there}`, { ticket: { status: 'pending', tags: ['birds', 'harbour'] } });
  await until(() => at(ticketsOf(pigeons)[0], 'state') === 'waiting', { what: 'the change of the other desk' });
  expect(at(ticketsOf(pigeons)[0], 'labels')).toEqual(['birds', 'harbour']);

  expect([notesOf(pigeons).length, notesOf(helpdesk).length]).toEqual([2, 2]);
  expect(at(helpdesk.state(), 'counts', 'mailed')).toBe(0);
  await ann.pigeons.call('DELETE', `/api/cases/${id}`);
  await until(() => ticketsOf(helpdesk).length === 0, { what: 'the deletion there' });
});
