import { describe, expect, test } from '@jest/globals';
import { createValidator } from '../../../src/contracts/validator.ts';
import { eventExample, eventSchema } from '../../../src/contracts/events.ts';
import { announce } from '../../../src/core/announce.ts';
import { ALL_EVENT_TYPES, type MeshEvent } from '../../../src/core/mesh-event.ts';
import type { Copy, Intent, Link, LinkComment, Replica } from '../../../src/core/state.ts';
import { newLink, strangerReplica } from '../../../src/core/state.ts';
import { EVENT_PATTERNS, laneOf, USUAL_SUBSCRIPTION, wants } from '../../../src/core/subscription.ts';
import { tell, tellParked, tellWrite, type Scene, type Telling } from '../../../src/core/telling.ts';

const NOW = Date.parse('2026-01-31T08:00:00Z');
const LINK = '00000000-0000-7000-8000-000000000001';
const EVENT = '00000000-0000-7000-8000-000000000002';
const scene: Scene = { account: { id: 3, name: 'support', service: 'zendesk' }, page: (id) => `https://acme.example/t/${id}` };
const ann = { user_id: null, email: 'ann@example.com', name: 'Ann' };
const link: Link = {
  ...newLink(LINK, 3, NOW - 3_600_000), version: 4, accounts: [3, 4],
  fields: { subject: { value: 'Fire', clock: 10, from: 3 }, status: { value: 'open', clock: 10, from: 3 }, assignee: { value: null, clock: 10, from: 3 }, 'custom:plan': { value: 'gold', clock: 10, from: 4 } },
};
const replica: Replica = { ...strangerReplica('r1', 3, '7'), link_id: LINK, state: 'present', base: { subject: 'Fire', status: 'open', assignee: '' } };
const comment: LinkComment = { uid: '3:c1', from: 3, author: ann, content: '<p>words</p>', public: true, deleted: false, clock: NOW, created: NOW, files: [] };
const copy: Copy = { uid: '3:c1', comment_id: 'c1', generation: 1, ours: false, text: 'words', public: true, applied: NOW, since: NOW, deleted: false };
const withCopy: Replica = { ...replica, copies: { '3:c1': copy } };
const withFields = (fields: Link['fields']): Link => ({ ...link, version: 5, fields: { ...link.fields, ...fields } });
const withOne = (one: LinkComment): Link => ({ ...link, version: 5, comments: { [one.uid]: one } });

const complete = (telling: Telling): MeshEvent => ({ id: EVENT, time: new Date(NOW).toISOString(), ...telling });
const told = (before: Link, after: Link, by: Replica = replica, born: number | null = null): readonly MeshEvent[] =>
  tell(announce({ before, after, replica: by, born, now: NOW }), { before, after, replica: by, was: replica }, scene).map(complete);
const misfits = (event: MeshEvent): readonly unknown[] => createValidator(eventSchema(event.type))(event);

describe('what people did', () => {
  const cases: readonly (readonly [string, Link, Link, Replica, Partial<MeshEvent>])[] = [
    ['ticket.created', newLink(LINK, 3, NOW), { ...link, version: 1 }, replica, {}],
    ['ticket.updated', link, withFields({ status: { value: 'pending', clock: 11, from: 3 }, 'custom:plan': { value: 'silver', clock: 11, from: 3 } }), replica, { changes: { status: { from: 'open', to: 'pending' }, 'custom:plan': { from: 'gold', to: 'silver' } } }],
    ['ticket.assignment.changed', link, withFields({ assignee: { value: ann, clock: 11, from: 3 } }), replica, { changes: { assignee: { from: null, to: ann } } }],
    ['ticket.deleted', link, { ...link, version: 5, life: { ...link.life, alive: false } }, replica, {}],
    ['comment.created', link, withOne(comment), withCopy, { comment: { id: 'comment_YzE', raw_id: 'c1', content: '<p>words</p>', author: ann, public: true } }],
    ['comment.updated', withOne(comment), withOne({ ...comment, content: '<p>other</p>' }), withCopy, { changes: { content: { from: '<p>words</p>', to: '<p>other</p>' } } }],
    ['comment.updated', withOne(comment), withOne({ ...comment, public: false }), withCopy, { private: true, changes: { public: { from: true, to: false } } }],
    ['comment.deleted', withOne(comment), withOne({ ...comment, deleted: true }), withCopy, {}],
  ];
  test.each(cases)('%s is one event that fits its schema, with what it is about', (type, before, after, by, more) => {
    const events = told(before, after, by);
    expect(events.map((event) => [event.type, misfits(event)])).toEqual([[type, []]]);
    expect(events[0]).toMatchObject({ account: scene.account, link: LINK, cause: 'person', ticket: { id: 'ticket_Nw', raw_id: '7', url: 'https://acme.example/t/7', subject: 'Fire' }, ...more });
  });

  test('shows custom fields by the mesh’s names', () => {
    expect(told(newLink(LINK, 3, NOW), { ...link, version: 1 })[0]?.ticket?.custom_properties).toEqual([{ id: 'plan', value: 'gold' }]);
  });

  test('tells what the desk showed before, where others had said already what it says now', () => {
    const after = withFields({ status: { value: 'open', clock: 11, from: 3 } });
    const was: Replica = { ...replica, base: { ...replica.base, status: 'pending' } };
    const [event] = tell(announce({ before: link, after, replica, born: null, now: NOW }), { before: link, after, replica, was }, scene);
    expect(event).toMatchObject({ type: 'ticket.updated', changes: { status: { from: 'pending', to: 'open' } } });
  });

  test('of one turn tells a change and an assignment apart, each with its own', () => {
    const events = told(link, withFields({ subject: { value: 'Flood', clock: 11, from: 3 }, assignee: { value: ann, clock: 11, from: 3 } }));
    expect(events.map(({ type, changes }) => [type, Object.keys(changes ?? {})])).toEqual([['ticket.updated', ['subject']], ['ticket.assignment.changed', ['assignee']]]);
  });
});

describe('what a mirror wrote', () => {
  const intent = (more: Partial<Intent>): Intent => ({
    kind: 'ticket.update', key: 'k', fields: null, forecast: {}, clocks: {}, life: 0, uid: null, comment_id: null, draft: null, files: [], follows: null, warnings: [], clock: 0, first_sent: 0, sent: 0, answered: null, tries: 1, landed: 0, refused: null, ...more,
  });
  test('is told as such, in events that fit their schemas', () => {
    const after = { after: withOne({ ...comment, public: false }), replica: withCopy };
    const all = [
      tellWrite(intent({ kind: 'ticket.create' }), { ...after, was: { ...replica, ticket_id: null } }, scene),
      tellWrite(intent({ fields: { status: 'pending', assignee: ann } }), { ...after, was: replica }, scene),
      tellWrite(intent({ kind: 'ticket.delete' }), { ...after, was: replica }, scene),
      tellWrite(intent({ kind: 'comment.create', uid: '3:c1' }), { ...after, was: replica }, scene),
      tellWrite(intent({ kind: 'comment.update', uid: '3:c1' }), { ...after, was: withCopy }, scene),
      tellWrite(intent({ kind: 'comment.delete', uid: '3:c1', comment_id: 'c1' }), { ...after, replica, was: withCopy }, scene),
    ].flat().map(complete);
    expect(all.map((event) => [event.type, event.cause, event.private, misfits(event)])).toEqual([
      ['ticket.created', 'mirror', false, []],
      ['ticket.updated', 'mirror', false, []],
      ['ticket.assignment.changed', 'mirror', false, []],
      ['ticket.deleted', 'mirror', false, []],
      ['comment.created', 'mirror', true, []],
      ['comment.updated', 'mirror', true, []],
      ['comment.deleted', 'mirror', true, []],
    ]);
    expect(all[1]?.changes).toEqual({ status: { from: 'open', to: 'pending' } });
    expect(all[2]?.changes).toEqual({ assignee: { from: null, to: ann } });
  });

  test('and was refused twice is told once, when it begins to wait for a person', () => {
    const held = (count: number): Replica => ({ ...replica, held: { 'private:3:c1': { clock: 1, count, reason: 'too long', at: NOW } } });
    expect(tellParked(replica, held(1), link, scene)).toEqual([]);
    const [parked] = tellParked(held(1), held(2), link, scene).map(complete);
    expect([parked?.type, parked?.reason, parked?.step, parked?.private, parked === undefined || misfits(parked)]).toEqual(['operation.parked', 'too long', 'comment.create', true, []]);
    expect(tellParked(held(2), held(2), link, scene)).toEqual([]);
  });
});

describe('the schemas of events', () => {
  test.each([...ALL_EVENT_TYPES])('%s has an example that fits, and takes nothing else', (type) => {
    const example = eventExample(type);
    expect(misfits(example)).toEqual([]);
    expect(createValidator(eventSchema(type))({ ...example, surplus: 1 })).toHaveLength(1);
    expect(createValidator(eventSchema(type))({ ...example, type: 'nothing' }).length).toBeGreaterThan(0);
  });
});

describe('a subscription', () => {
  const event = complete({ type: 'comment.created', account: scene.account, link: LINK, cause: 'person', private: false, ticket: null });
  const asked = (terms: Partial<Parameters<typeof wants>[0]>, of: Partial<MeshEvent> = {}, fits = true): boolean => wants({ ...USUAL_SUBSCRIPTION, events: ['*'], ...terms }, { ...event, ...of }, () => fits);

  test('wants what it names, by type or wildcard', () => {
    expect(EVENT_PATTERNS).toEqual(expect.arrayContaining(['*', 'ticket.*', 'ticket.assignment.*', 'comment.*', 'account.*', 'operation.*', 'subscription.*']));
    expect([['*'], ['comment.*'], ['comment.created'], ['ticket.*'], ['comment.updated']].map((events) => asked({ events }))).toEqual([true, true, true, false, false]);
    expect(asked({ events: ['ticket.*'] }, { type: 'ticket.assignment.changed' })).toBe(true);
  });

  test('is told of its accounts, of people unless it asks for more, of private things only if it asks, and of what fits', () => {
    expect([asked({ accounts: [3] }), asked({ accounts: [4] }), asked({ accounts: [4] }, { account: null })]).toEqual([true, false, false]);
    expect(['person', 'mirror', 'any'].map((cause) => asked({ cause: cause as 'any' }, { cause: 'mirror' }))).toEqual([false, true, true]);
    expect(asked({}, { type: 'account.stopped', cause: 'mirror' })).toBe(true);
    expect([asked({}, { private: true }), asked({ private: true }, { private: true })]).toEqual([false, true]);
    expect(asked({}, {}, false)).toBe(false);
  });

  test('keeps the order of each logical ticket, or none', () => {
    expect([laneOf('per-ticket', event), laneOf('none', event)]).toEqual([LINK, null]);
  });
});
