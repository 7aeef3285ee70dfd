import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { connectors } from '../../../src/connectors/index.ts';
import { createValidator } from '../../../src/contracts/validator.ts';
import { decoderFor } from '../../../src/engine/decode.ts';

const freshdesk = connectors.freshdesk;
const fits = createValidator(freshdesk?.about.webhooks ?? {});
const read = (body: unknown) => freshdesk?.read({ headers: {}, rawBody: Buffer.from(JSON.stringify(body)), query: {} }, body, {});
/** As it comes through the door. */
const taken = (text: string, type = 'application/json') => {
  const rawBody = Buffer.from(text);
  const { value } = decoderFor(type, freshdesk?.formats)(rawBody);
  expect(fits(value)).toEqual([]);
  return freshdesk?.read({ headers: {}, rawBody, query: {} }, value, {});
};
const simple = (ticket_id: unknown, triggered_event?: string) => ({ freshdesk_webhook: { ticket_id, triggered_event, ticket_status: 'Waiting on Customer' } });

describe('webhooks', () => {
  test.each([
    ['{ticket_action:created}', 'ticket.created'],
    ['{ticket_action:update}', 'ticket.updated'],
    ['{ticket_action: "delete"}', 'ticket.deleted'],
    ['{status:{from:4,to:6}}', 'ticket.updated'],
    ['{status:{from:Open,to:Waiting on Customer}}', 'ticket.updated'],
    ['{priority:{from:1,to:4}}', 'ticket.updated'],
    ['{note_type:private}', 'comment.created'],
    ['{reply_sent:true}', 'comment.created'],
    ['{responder_id:{from:1,to:2}}', 'ticket.assignment.changed'],
  ])('%s is %s', (text, event) => {
    const reading = read(simple(11, text));
    expect(reading).toMatchObject({ kind: 'ticket', ticketId: '11', event });
    expect(reading).toMatchObject(event === 'ticket.deleted' ? { deleted: true } : {});
  });

  test.each([[11], ['11'], ['INC-11'], [' ACME-2-11 ']])('the ticket of %j is 11', (id) => {
    expect(read(simple(id))).toMatchObject({ kind: 'ticket', ticketId: '11' });
    expect(read({ ticket_id: id, event: '{ticket_action:update}' })).toMatchObject({ kind: 'ticket', ticketId: '11', event: 'ticket.updated' });
  });

  test.each([[null], [''], ['none'], ['0']])('without a ticket (%j) it is unreadable', (id) => {
    expect(read(simple(id))).toMatchObject({ kind: 'unreadable' });
  });

  test('deliveries are told apart by their bodies', () => {
    const [a, b, c] = [read(simple(11)), read(simple(11)), read(simple(12))];
    expect(a).toEqual(b);
    expect(a).not.toEqual(c);
  });

  test('a header is asked for only if the account names one', () => {
    const signature = freshdesk?.about.signature;
    expect(signature?.({})).toEqual({ scheme: 'url-token' });
    expect(signature?.({ webhook_header: 'X-Deskmesh-Secret' })).toEqual({ scheme: 'header-token', header: 'x-deskmesh-secret' });
  });
});

describe('what people write into their rules', () => {
  test('a placeholder that came unfilled is kept for a person, by its name', () => {
    expect(taken('{"ticket_id":"{{ticket.ID_NUMBER}}","event":"{{triggered_event}}"}')).toMatchObject({ kind: 'unreadable', why: expect.stringContaining('{{ticket.ID_NUMBER}}') });
    expect(taken('{"ticket_id":"11","event":"{{triggered_event}}"}')).toMatchObject({ kind: 'ticket', ticketId: '11' });
    expect(taken('{"ticket_id":"11","event":"{{triggered_event}}"}')).not.toHaveProperty('event');
  });

  test.each([
    ['quotes of a subject', '{"ticket_id":"INC-11","event":"{note_type:public}","subject":"He said "no""}'],
    ['HTML of a comment over several lines', '{ "ticket_id": 11,\n "event":"{note_type:public}", "comment":"Ann : <div class="x">\n\tHi</div>" }'],
    ['quotes in the event itself', '{"ticket_id":"11","event":"{note_type:"public"}"}'],
    ['a comma too many', '{"ticket_id":"11","event":"{note_type:public}",}'],
    ['the end missing', '{"freshdesk_webhook":{"ticket_id":11,"triggered_event":"{note_type:public}"'],
  ])('JSON that is broken by %s still rings the bell', (_what, text) => {
    expect(taken(text)).toMatchObject({ kind: 'ticket', ticketId: '11' });
    expect(taken(text, 'application/json; charset=utf-8')).toMatchObject({ ticketId: '11' });
  });

  test('words of a customer do not ring for another ticket', () => {
    expect(taken('{"ticket_id":"11","subject":"x","ticket_id":"99","y":"z"z"}')).toMatchObject({ ticketId: '11' });
  });

  test('a body without any ticket is kept for a person, with what to mend', () => {
    expect(taken('ticket number eleven')).toMatchObject({ kind: 'unreadable', why: expect.stringContaining('put ticket_id first') });
  });

  test.each([
    ['freshdesk_webhook%5Bticket_id%5D=11&freshdesk_webhook%5Btriggered_event%5D=%7Bticket_action%3Acreated%7D'],
    ['ticket_id=INC-11&event=%7Bticket_action%3Acreated%7D'],
  ])('a rule that sends a form is read: %s', (text) => {
    expect(taken(text, 'application/x-www-form-urlencoded')).toMatchObject({ kind: 'ticket', ticketId: '11', event: 'ticket.created' });
  });

  test('whatever comes is read or kept, never broken by', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), fc.constantFrom('', '{"ticket_id":"', 'ticket_id=', '{"ticket_id":7'), (noise, start) => {
        for (const parse of Object.values(freshdesk?.formats ?? {})) {
          const value = parse(`${start}${noise.toWellFormed()}`);
          expect(fits(value)).toEqual([]);
          expect(['ticket', 'unreadable']).toContain(read(value)?.kind);
        }
      }),
      { numRuns: 300 },
    );
  });
});
