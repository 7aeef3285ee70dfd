/** Which event `plan --event` is asked about, and how its answer reads. */
import { describe, expect, test } from '@jest/globals';
import { askedOf, eventText } from '../../src/cli/plan-event.ts';
import { AppError } from '../../src/errors.ts';

const ID = '0190f2d4-8c1e-7d3a-9d53-3f1a8d1c7e55';

describe('the event that is asked about', () => {
  test('is one that happened, or a type and a ticket', () => {
    expect(askedOf(ID, undefined)).toEqual({ id: ID });
    expect(askedOf('comment.created', 'support:1')).toEqual({ type: 'comment.created', ticket: 'support:1' });
  });

  test.each([
    ['ticket.created', undefined, '--ticket', /name the ticket that ticket\.created is about/],
    [ID, 'support:1', '--ticket', /leave it out/],
    ['ticket.*', 'support:1', '--event', /give the id of an event, or a type/],
  ])('%s with %s is refused with what would be right', (event, ticket, path, message) => {
    let error: unknown = null;
    try {
      askedOf(event, ticket);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(AppError);
    expect((error as AppError).faults).toEqual([{ path, message: expect.stringMatching(message) }]);
  });
});

describe('the answer', () => {
  const event = {
    id: ID, type: 'ticket.created', time: '2026-01-05T09:00:00Z', account: { id: 1, name: 'support' }, link: 'l', cause: 'person' as const, private: false, ticket: { id: 'tm0x', raw_id: '4711' },
  };
  const step = {
    kind: 'ticket.create' as const, key: 'k', fields: { subject: 'Hi' }, forecast: {}, clocks: {}, life: 0, uid: null, comment_id: null, draft: null, files: [], follows: null, warnings: [], clock: 0,
  };

  test('tells writes, subscriptions and what cannot be done, automation by automation', () => {
    const automations = [
      { name: 'a', notes: [{ what: 'not done', because: 'automation a: the ticket was deleted', values: { action: 'update_ticket' } }], notify: ['ops'], replicas: [{ account: 'vendor', ticket_id: null, steps: [step], notes: [] }] },
      { name: 'b', notes: [], notify: [], replicas: [] },
    ];
    expect(eventText({ event, automations, unasked: [{ account: 'vendor', why: 'it is away' }] })).toEqual([
      'ticket.created on support, ticket 4711',
      'vendor was not asked for its fields (it is away): what is said of it below may be off',
      'automation a:',
      '  would write on vendor: ticket.create: subject “Hi”',
      '  would tell ops',
      '  not done: automation a: the ticket was deleted (action “update_ticket”)',
      'automation b:',
      '  would change nothing',
    ]);
  });

  test('says so where no automation is meant', () => {
    expect(eventText({ event, automations: [], unasked: [] })).toEqual(['ticket.created on support, ticket 4711', 'No automation runs for it.']);
  });
});
