/** Where a desk's description is its first message, it travels both ways: once, to nobody's mailbox, and never as a comment. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { at, list } from '../contract/sandbox-support.ts';
import { notesOf, setStage, ticketsOf, type Stage } from '../sixth-desk/stage.ts';
import { until } from '../support/until.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await setStage({ description_message: true });
});
afterAll(() => stage.close());

const ticketOf = (desk: Stage['helpdesk'], subject: string): unknown => ticketsOf(desk).find((ticket) => at(ticket, 'subject') === subject || at(ticket, 'title') === subject);

test('a ticket from elsewhere comes with its first message, and the customer’s answer to it is a comment', async () => {
  const { pigeons, helpdesk, ann } = stage;
  await ann.pigeons.call('POST', '/api/cases', { case: { title: 'From the loft', body: '<p>It <b>rains</b> in</p>' } });
  await until(() => list(ticketOf(helpdesk, 'From the loft') ?? { comments: [] }, 'comments').length === 1, { what: 'the ticket and its first message' });
  const ticket = ticketOf(helpdesk, 'From the loft');
  expect(at(ticket, 'comments', 0)).toMatchObject({ type: 'request', content: '<p>It <b>rains</b> in</p>', mailed: false });
  await ann.session.call('POST', '/helpdesk/api/messages', { ticket_id: at(ticket, 'id'), type: 'request', content: '<p>Still does</p>' });
  await until(() => notesOf(pigeons).some(([words, hidden]) => words.includes('Still does') && !hidden), { what: 'the second request is a note' });
  expect(notesOf(pigeons)).toHaveLength(1);
});

test('a first message that comes after its ticket becomes the description elsewhere', async () => {
  const { pigeons, helpdesk, ann } = stage;
  const made = await ann.helpdesk.call('POST', '/helpdesk/api/v1/tickets', { ticket: { subject: 'From the desk' } });
  await until(() => ticketOf(pigeons, 'From the desk') !== undefined, { what: 'the ticket, without words yet' });
  await ann.session.call('POST', '/helpdesk/api/messages', { ticket_id: at(made.body, 'ticket', 'id'), type: 'request', content: '<p>Words that came later</p>', send_email: false });
  await until(() => at(ticketOf(pigeons, 'From the desk'), 'body') === '<p>Words that came later</p>', { what: 'the description' });
  expect(notesOf(pigeons).filter(([words]) => words.includes('came later'))).toEqual([]);
  expect(list(ticketOf(helpdesk, 'From the desk'), 'comments')).toHaveLength(1);
  expect(at(helpdesk.state(), 'counts', 'mailed')).toBe(0);
});
