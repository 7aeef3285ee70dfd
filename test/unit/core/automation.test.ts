import { describe, expect, test } from '@jest/globals';
import { automationsOf, type Action, type Automation } from '../../../src/core/automation.ts';
import { fieldValue, filledHtml, wrongWithField, wrongWithText } from '../../../src/core/automation-fields.ts';
import { automate, type Acted, type Surroundings } from '../../../src/core/automate.ts';
import { EVENT_TYPES } from '../../../src/core/model.ts';
import { plan } from '../../../src/core/plan.ts';
import { rulesOf } from '../../../src/core/rules.ts';
import { lensOf, NO_LENS_TERMS } from '../../../src/core/lens.ts';
import type { Sight } from '../../../src/core/sight.ts';
import { wantedReplica, type Link } from '../../../src/core/state.ts';
import { ANN, at, BOTH_WAYS, can, clock, edge, field, link, replica, sight } from './given.ts';

const EVENT = {
  id: 'e1',
  type: 'ticket.created',
  time: at(100),
  account: { id: 1, name: 'one', service: 'zendesk' },
  link: 'l1',
  cause: 'person' as const,
  private: false,
  ticket: { id: 'T1', subject: 'Printer <1>', description: '<p>It <b>burns</b></p>', status: 'open', priority: null, tags: ['a', 'b'], requester: { ...ANN, user_id: '7' }, due_at: null },
};
const HIDDEN = { ...EVENT, type: 'comment.created', private: true, comment: { id: 'C1', content: '<p>secret</p>', author: ANN, public: false } };

function automation(then: readonly Action[], draft: Partial<Automation['when']> = {}): Automation {
  return { name: 'triage', when: { events: ['ticket.created'], accounts: null, where: null, ...draft }, then };
}

const SIGHTS: readonly Sight[] = [1, 2, 3].map((id) => sight({ account: { id, name: ['one', 'two', 'three'][id - 1] ?? '' } }));

function around(draft: Partial<Surroundings> = {}, sights = SIGHTS): Surroundings {
  let ids = 0;
  return {
    rules: rulesOf(BOTH_WAYS),
    grows: true,
    byId: (id) => sights.find(({ account }) => account.id === id) ?? null,
    byName: (name) => sights.find(({ account }) => account.name === name) ?? null,
    id: () => `id-${(ids += 1)}`,
    ...draft,
  };
}

const done = (then: readonly Action[], event: typeof EVENT = EVENT, of: Link | null = link(), where = around()): Acted => automate(automation(then), event, of, where);
const setTo = (fields: Readonly<Record<string, unknown>>): Action => ({ kind: 'update_ticket', fields });

describe('which automations an event means', () => {
  const names = (all: readonly Automation[], event: object): readonly string[] =>
    automationsOf(all, (schema) => (value) => JSON.stringify(value).includes(String(schema['const']))).meant({ ...EVENT, ...event }).map(({ name }) => name);
  const one = (draft: Partial<Automation['when']>): readonly Automation[] => [automation([], draft)];

  test.each([
    ['ticket.created', 'ticket.created', true],
    ['ticket.*', 'ticket.assignment.changed', true],
    ['ticket.*', 'comment.created', false],
    ['*', 'comment.deleted', true],
    ['*', 'account.stopped', false],
  ])('%s and %s', (pattern, type, meant) => {
    expect(names(one({ events: [pattern] }), { type })).toEqual(meant ? ['triage'] : []);
  });

  test('goes by account and by where', () => {
    expect(names(one({ accounts: ['one'] }), {})).toEqual(['triage']);
    expect(names(one({ accounts: ['two'] }), {})).toEqual([]);
    expect(names(one({ where: { const: 'Printer' } }), {})).toEqual(['triage']);
    expect(names(one({ where: { const: 'Scanner' } }), {})).toEqual([]);
  });

  test('leaves out old tickets that are only seen for the first time: nothing of them was changed', () => {
    const all = one({ events: ['ticket.updated'] });
    expect(names(all, { type: 'ticket.updated' })).toEqual([]);
    expect(names(all, { type: 'ticket.updated', changes: { status: { from: 'open', to: 'pending' } } })).toEqual(['triage']);
  });

  test('never includes what Deskmesh did itself', () => {
    expect(names(one({ events: ['*'] }), { cause: 'mirror' })).toEqual([]);
  });
});

describe('the values of fields', () => {
  const value = (name: Parameters<typeof fieldValue>[0], given: unknown, event: object = EVENT): unknown => fieldValue(name, given, event);

  test.each([
    ['subject', 'Re: {{ticket.subject}}', 'Re: Printer <1>'],
    ['subject', '{{ticket.tags}} of {{ticket.requester}}', 'a, b of Ann'],
    ['description', '<i>{{ticket.subject}}</i>{{ticket.description}}', '<i>Printer &lt;1&gt;</i><p>It <b>burns</b></p>'],
    ['status', '{{ticket.status}}', 'open'],
    ['priority', 'high', 'high'],
    ['due_at', '2026-01-31T10:00:00+02:00', '2026-01-31T08:00:00Z'],
    ['requester', '{{ticket.requester}}', { user_id: null, email: 'ann@one.example', name: 'Ann' }],
    ['requester', 'bob@x.example', { user_id: null, email: 'bob@x.example', name: null }],
    ['requester', { email: '{{ticket.requester.email}}', name: 'Ann for {{account.name}}' }, { user_id: null, email: 'ann@one.example', name: 'Ann for one' }],
    ['assignee', null, null],
    ['tags', ['vip', '{{ticket.tags}}', '{{account.name}}', 'vip', '{{ticket.due_at}}'], ['vip', 'a', 'b', 'one']],
    ['tags', '{{ticket.tags}}', ['a', 'b']],
    ['custom:region', '{{ticket.id}}', 'T1'],
    ['custom:level', 3, 3],
  ] as const)('%s from %j', (name, given, is) => {
    expect(value(name, given)).toEqual({ value: is });
  });

  test.each([
    ['subject', '{{ticket.due_at}}', 'what it is made of is empty for this event'],
    ['priority', '{{ticket.priority}}', 'what it is made of is empty for this event'],
    ['priority', '{{ticket.subject}}', 'Printer <1> is no priority'],
    ['due_at', '{{ticket.subject}}', 'Printer <1> is no time'],
    ['requester', '{{ticket.subject}}', 'Printer <1> has no e-mail address, so no other desk can know them'],
    ['custom:region', '{{ticket.due_at}}', 'what it is made of is empty for this event'],
  ] as const)('%s from %j is none', (name, given, why) => {
    expect(value(name, given)).toEqual({ why });
  });

  test('a hostile text is words in HTML, and cannot name places of its own', () => {
    const event = { ...EVENT, ticket: { ...EVENT.ticket, subject: '"><script>alert(1)</script>{{ticket.id}}&' } };
    expect(filledHtml('<a title="{{ticket.subject}}">', event)).toBe('<a title="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;{{ticket.id}}&amp;">');
  });

  test.each<readonly [Parameters<typeof wrongWithField>[0], unknown, string]>([
    ['subject', 5, 'This must be a text, not 5. Put it in quotes.'],
    ['subject', ' ', 'This must not be empty.'],
    ['subject', 'x'.repeat(20_000), 'This must have at most 16384 characters.'],
    ['subject', '{{ticket.id}}'.repeat(21), 'This must have at most 20 places.'],
    ['subject', '{{ticket.description}}', '{{ticket.description}} is HTML, and this is plain text.'],
    ['description', '<a href="{{ticket.description}}">', '{{ticket.description}} is HTML, which cannot stand within a tag.'],
    ['status', 'solved', 'This must be one of open, pending, resolved, closed, or a place such as {{ticket.status}}.'],
    ['due_at', 'tomorrow', 'This must be a time in ISO 8601, such as 2026-01-31T08:00:00Z, or a place such as {{ticket.due_at}}.'],
    ['requester', 'Ann', 'This must be an e-mail address, {email, name}, or a place such as {{ticket.requester}}.'],
    ['requester', { mail: 'x' }, 'This is not known here: a person is {email, name}.'],
    ['tags', 'vip', 'This must be a list of tags, or a place such as {{ticket.tags}}.'],
    ['custom:region', { a: 1 }, 'This must be a text, a number, true, false or a list of texts.'],
    ['status', null, 'Nothing stands after the colon: leave the field out, or give a value.'],
  ])('%s: %j is refused', (name, given, message) => {
    expect(wrongWithField(name, given, 'create', EVENT_TYPES).map((wrong) => wrong.message)).toEqual([message]);
  });

  test.each([
    ['{{ticket.subjct}}', 'a ticket has id, raw_id, url, subject, description'],
    ['{{ticket}}', 'a ticket has id'],
    ['{{ticket.subject.x}}', 'subject has no parts'],
    ['{{ticket.requester.phone}}', 'requester has user_id, email, name.'],
    ['{{comment.text}}', 'a comment has id'],
    ['{{changes.status}}', 'a change is named by its field and from or to'],
    ['{{reason}}', 'the events of tickets and comments have no reason.'],
    ['{{nonsense}}', 'a place begins with one of'],
    ['{{}}', 'a place begins with one of'],
  ])('%s names nothing', (text, said) => {
    const [wrong] = wrongWithText(text, EVENT_TYPES, 'plain');
    expect(wrong?.message).toContain(said);
  });

  test('a place of a comment is refused where no event has one', () => {
    expect(wrongWithText('{{comment.content}}', ['ticket.created'], 'html')[0]?.message).toBe('{{comment.content}} names nothing: these events are about no comment.');
    expect(wrongWithText('{{comment.content}}', ['comment.created'], 'html')).toEqual([]);
  });

  test('tags of a ticket that is there are added and removed', () => {
    expect(wrongWithField('tags', ['x'], 'update', EVENT_TYPES)[0]?.message).toMatch(/^This must be \{add/);
    expect(wrongWithField('tags', { add: ['x'], remove: '{{ticket.tags}}' }, 'update', EVENT_TYPES)).toEqual([]);
    expect(wrongWithField('tags', { set: ['x'] }, 'update', EVENT_TYPES)).toEqual([{ path: ['set'], message: 'This is not known here: tags have add and remove.' }]);
  });
});

describe('what an automation does', () => {
  test('a field of the event’s ticket changes one later than what it follows, and every replica is due, its own too', () => {
    const { moves, notes } = done([setTo({ priority: 'high', status: 'pending' })]);
    const [move] = moves;
    expect(move?.after).toMatchObject({ version: 2, fields: { priority: { value: 'high', clock: 1, from: 1 }, status: { value: 'pending', clock: clock(0) + 1, from: 1 } } });
    expect(notes).toEqual([]);
    expect(move?.notes).toEqual([
      { what: 'changed', because: 'automation triage, because of ticket.created', values: { status: { was: 'open', is: 'pending' }, priority: { is: 'high' } } },
    ]);
    const after = move?.after ?? link();
    const own = replica({ id: 'r1', account_id: 1, ticket_id: 'T1' });
    expect(plan(after, own, SIGHTS[0] ?? sight(), clock(101)).step).toMatchObject({ kind: 'ticket.update', fields: { priority: 'high', status: 'pending' } });
    expect(plan(after, replica(), sight(), clock(101)).step).toMatchObject({ kind: 'ticket.update', fields: { priority: 'high', status: 'pending' } });
  });

  test('what is so already is no change', () => {
    expect(done([setTo({ status: 'open' })]).moves).toEqual([]);
  });

  test('tags are added and removed, the others stay', () => {
    const of = link({ fields: { tags: field(['a', 'VIP', 'b']) } });
    const lower = SIGHTS.map((one) => ({ ...one, forecast: (fields: Parameters<Sight['forecast']>[0]) => ({ ...fields, ...(fields.tags && { tags: fields.tags.map((tag) => tag.toLowerCase()) }) }) }));
    const { moves } = done([setTo({ tags: { add: ['new', 'vip', 'a'], remove: ['B'] } })], EVENT, of, around({}, lower));
    expect(moves[0]?.after.fields.tags?.value).toEqual(['a', 'VIP', 'new']);
  });

  test('a comment is the account’s own: nothing stands above it there, and who wrote it elsewhere', () => {
    const [move] = done([{ kind: 'create_comment', content: '<p>Taken: {{ticket.subject}}</p>', public: false }]).moves;
    const [comment] = Object.values(move?.after.comments ?? {});
    expect(comment).toMatchObject({ from: 1, public: false, automation: 'triage', content: '<p>Taken: Printer &lt;1&gt;</p>', created: clock(100) + 1 });
    const after = move?.after ?? link();
    expect(plan(after, replica({ id: 'r1', account_id: 1 }), SIGHTS[0] ?? sight(), clock(101)).step).toMatchObject({ kind: 'comment.create', draft: { content: '<p>Taken: Printer &lt;1&gt;</p>', public: false } });
    expect(plan(after, replica(), sight(), clock(101)).step?.draft?.content).toBe('<p><strong>automation triage</strong> (one):</p><p>Taken: Printer &lt;1&gt;</p>');
  });

  test('a ticket is a link that begins on its account, and goes on to that account’s mirrors', () => {
    const rules = rulesOf([...BOTH_WAYS, edge(3, 2)]);
    const { moves, notes } = done([{ kind: 'create_ticket', account: 'three', fields: { subject: 'From {{account.name}}', tags: ['x'], priority: '{{ticket.priority}}' } }], EVENT, link(), around({ rules }));
    const [born] = moves;
    expect(born).toMatchObject({ before: null, after: { origin: 3, accounts: [3, 2, 1], version: 1, fields: { subject: { value: 'From one', from: 3 }, tags: { value: ['x'] } } } });
    expect(born?.spawn.map(({ account_id: id, state }) => [id, state])).toEqual([[3, 'wanted'], [2, 'wanted'], [1, 'wanted']]);
    expect(born?.notes).toEqual([{ what: 'begins', because: 'automation triage', values: { event: 'ticket.created', account: 'one', ticket_id: 'T1', link: 'l1' } }]);
    expect(notes).toEqual([
      { what: 'ticket begun', because: 'automation triage', values: { account: 'three', link: born?.after.id } },
      { what: 'left out', because: 'automation triage: what it is made of is empty for this event', values: { account: 'three' }, field: 'priority' },
    ]);
    const first = wantedReplica('r3', born?.after.id ?? '', 3);
    expect(plan(born?.after ?? link(), first, { ...(SIGHTS[2] ?? sight()), rules }, clock(101)).step).toMatchObject({ kind: 'ticket.create', fields: { subject: 'From one', tags: ['x'] } });
  });

  test('the same event twice gives the same comment and the same links, and another event others', () => {
    const then: readonly Action[] = [{ kind: 'create_comment', content: 'x', public: false }, { kind: 'create_ticket', account: 'two', fields: { subject: 'x' } }, { kind: 'create_ticket', account: 'two', fields: { subject: 'x' } }];
    const ids = (event: typeof EVENT): readonly string[] => done(then, event).moves.flatMap(({ after, spawn }) => [...Object.keys(after.comments), after.id, ...spawn.map(({ id }) => id)]);
    expect(ids(EVENT)).toEqual(ids(EVENT));
    expect(new Set([...ids(EVENT), ...ids({ ...EVENT, id: 'e2' })]).size).toBe(15);
    expect(ids(EVENT)[2]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  test('a tag that makes a mirror’s condition true takes the ticket to more accounts', () => {
    const rules = rulesOf([edge(1, 3, { where: { const: 'vendor' } })], (schema) => (ticket) => JSON.stringify(ticket).includes(String(schema['const'])));
    const { moves } = done([setTo({ tags: { add: ['vendor'] } })], EVENT, link({ accounts: [1] }), around({ rules }));
    expect(moves[0]?.after.accounts).toEqual([1, 3]);
    expect(moves[0]?.spawn).toMatchObject([{ account_id: 3, state: 'wanted', link_id: 'l1' }]);
    expect(moves[0]?.notes.map(({ what, because }) => [what, because])).toEqual([['changed', 'automation triage, because of ticket.created'], ['reaches further', 'a mirror carries it to more accounts']]);
  });

  test('a ticket goes to no further account while counterparts are looked for, and a new one does', () => {
    const rules = rulesOf([edge(1, 3), edge(2, 3)]);
    const { moves } = done([setTo({ tags: { add: ['x'] } }), { kind: 'create_ticket', account: 'two', fields: { subject: 'x' } }], EVENT, link({ accounts: [1] }), around({ rules, grows: false }));
    expect(moves.map(({ after }) => after.accounts)).toEqual([[1], [2, 3]]);
  });

  test('subscriptions are named once', () => {
    expect(done([{ kind: 'notify', subscription: 'ops' }, { kind: 'notify', subscription: 'ops' }])).toEqual({ moves: [], notes: [], notify: ['ops'] });
  });

  const because = (acted: Acted): readonly string[] => acted.notes.map(({ because: why }) => why);
  const comment = (open: boolean, content = 'x'): Action => ({ kind: 'create_comment', content, public: open });

  test.each<readonly [string, Acted, string]>([
    ['an account that is gone', done([{ kind: 'create_ticket', account: 'four', fields: { subject: 'x' } }]), 'no account four is connected'],
    ['a ticket that was deleted', done([comment(false)], EVENT, link({ life: { alive: false, clock: 1, from: 1 } })), 'the ticket was deleted'],
    ['a ticket that is linked no longer', done([setTo({ status: 'open' })], EVENT, null), 'the ticket is linked no longer'],
    ['a ticket whose account left', done([comment(false)], EVENT, link({ accounts: [2] })), 'the account is connected no longer'],
    ['a field that the desk has not', done([setTo({ due_at: '2026-01-31T08:00:00Z' })], EVENT, link(), around({}, [sight({ account: { id: 1, name: 'one' }, can: can({ fields: { subject: 'always' } }) })])), 'this desk has no such field'],
    ['a field that the desk cannot change', done([setTo({ requester: 'bob@x.example' })]), 'this desk cannot change it'],
    ['a custom field that no mirror names', done([setTo({ region: 'eu' })]), 'no mirror gives this account such a field'],
    ['a value that the desk cannot hold', done([setTo({ status: 'closed' })], EVENT, link(), around({}, [sight({ account: { id: 1, name: 'one' }, forecast: () => ({}) })])), 'this desk cannot hold this value'],
    ['a field that belongs to another account', done([setTo({ status: 'closed' })], EVENT, link(), around({}, [sight({ account: { id: 1, name: 'one' }, rules: rulesOf([edge(1, 2, { owner: { status: 2 } })]) })])), 'this field belongs to two'],
    ['a desk that holds nothing private', done([comment(false)], EVENT, link(), around({}, [sight({ account: { id: 1, name: 'one' }, can: can({ comments: { private: false } }) })])), 'this desk cannot hold a private comment'],
    ['a comment that comes out empty', done([comment(true, '{{ticket.due_at}}')]), 'it comes out empty for this event'],
    ['the words of a private comment in a public one', done([comment(true, '{{comment.content}}')], HIDDEN), 'it would show the words of a private comment'],
    ['the words of a private comment in a tag', done([setTo({ tags: { add: ['{{comment.id}}'] } })], HIDDEN), 'it would show the words of a private comment'],
    ['a new ticket whose subject is of a private comment', done([{ kind: 'create_ticket', account: 'two', fields: { subject: '{{comment.id}}' } }], HIDDEN), 'it would show the words of a private comment'],
  ])('%s is told with its reason, and nothing is done', (_, acted, why) => {
    expect(acted.moves).toEqual([]);
    expect(because(acted)[0]).toBe(`automation triage: ${why}`);
  });

  test('what cannot be done keeps nothing else from being done', () => {
    const { moves, notes } = done([{ kind: 'create_ticket', account: 'four', fields: { subject: 'x' } }, setTo({ requester: 'bob@x.example', priority: 'urgent' })]);
    expect(notes).toHaveLength(2);
    expect(moves[0]?.after.fields.priority?.value).toBe('urgent');
  });

  test('the words of a private comment may be said in private', () => {
    const { moves } = done([comment(false, '<i>{{comment.content}}</i>')], HIDDEN);
    expect(Object.values(moves[0]?.after.comments ?? {})[0]).toMatchObject({ public: false, content: '<i><p>secret</p></i>' });
  });

  test('a lens with the custom field lets it be set', () => {
    const lens = lensOf({ ...NO_LENS_TERMS, custom: { region: 'f9' } });
    const one = sight({ account: { id: 1, name: 'one' }, lens, can: can({ fields: { custom_properties: 'always' } }) });
    expect(done([setTo({ region: 'eu' })], EVENT, link(), around({}, [one])).moves[0]?.after.fields).toMatchObject({ 'custom:region': { value: 'eu', from: 1 } });
  });
});
