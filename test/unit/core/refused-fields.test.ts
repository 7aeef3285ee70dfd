/** A patch of which the desk refuses one field: the rest is sent, the one is parked. */
import { describe, expect, test } from '@jest/globals';
import { plan } from '../../../src/core/plan.ts';
import { settle, type Outcome } from '../../../src/core/settle.ts';
import { wantedReplica, type Link, type Replica } from '../../../src/core/state.ts';
import { intended } from '../../../src/core/step.ts';
import { clock, field, link, replica, sight } from './given.ts';

const now = clock(100);
const changed = link({ version: 2, fields: { subject: field('Scanner', 50), status: field('pending', 50), priority: field('high', 50) } });

/** What the desk is sent, one try after the other, if it refuses whatever holds `bad`; `named` if it says which field it means. */
function tries(on: Link, from: Replica, bad: string, named: boolean): { readonly sent: string[]; readonly end: Replica } {
  const sent: string[] = [];
  let state = { link: on, replica: from };
  for (let i = 0; i < 10; i += 1) {
    const planned = plan(state.link, state.replica, sight(), now);
    if (planned.step === null) return { sent, end: planned.replica };
    const fields = Object.keys(planned.step.fields ?? {});
    sent.push(`${planned.step.kind} ${fields.join(' ')}`);
    const outcome: Outcome = fields.includes(bad)
      ? { kind: 'refused', reason: 'no', fields: named ? [bad] : [] }
      : { kind: 'done', id: 'T2', ticket: null, comment: null, warnings: [], adopted: false };
    state = settle(state.link, { ...planned.replica, intent: intended(planned.step, now) }, outcome, sight(), now);
  }
  throw new Error('it never ends');
}

describe('an update', () => {
  test('whose desk says which field it means: the others go, that one is tried once more and is parked', () => {
    const { sent, end } = tries(changed, replica(), 'status', true);
    expect(sent).toEqual(['ticket.update subject status priority', 'ticket.update subject priority', 'ticket.update status']);
    expect(end.held).toEqual({ 'field:status': { clock: clock(50), count: 2, reason: 'no', at: now } });
  });

  test('whose desk does not say: each goes alone, since one of them holds up the others; only what is refused alone twice is parked', () => {
    const { sent, end } = tries(changed, replica(), 'status', false);
    expect(sent).toEqual(['ticket.update subject status priority', 'ticket.update subject', 'ticket.update status', 'ticket.update status', 'ticket.update priority']);
    expect(end.held).toEqual({ 'field:status': { clock: clock(50), count: 2, reason: 'no', at: now } });
    expect(end.applied).toMatchObject({ subject: clock(50), priority: clock(50) });
  });

  test('what closes the ticket still comes after what was refused', () => {
    const closing = link({ version: 2, fields: { subject: field('Scanner', 50), status: field('closed', 50), priority: field('high', 50) } });
    const { sent } = tries(closing, replica(), 'subject', false);
    expect(sent.at(-1)).toBe('ticket.update status');
    expect(sent).toContain('ticket.update priority');
  });
});

describe('a new ticket', () => {
  const wanted = wantedReplica('r2', 'l1', 2);

  test('is made without the field that the desk means', () => {
    const { sent, end } = tries(changed, wanted, 'priority', true);
    expect(sent).toEqual(['ticket.create subject status priority', 'ticket.create subject status', 'ticket.update priority']);
    expect(end).toMatchObject({ state: 'present', held: { 'field:priority': { count: 2 } } });
  });

  test('is made with what it cannot be without where the desk does not say, and the rest follows', () => {
    const { sent, end } = tries(changed, wanted, 'priority', false);
    expect(sent.slice(0, 3)).toEqual(['ticket.create subject status priority', 'ticket.create subject', 'ticket.update status priority']);
    expect(end.held).toEqual({ 'field:priority': { clock: clock(50), count: 2, reason: 'no', at: now } });
    expect(end.applied.status).toBe(clock(50));
  });
});
