import { describe, expect, test } from '@jest/globals';
import { compileWhere } from '../../../src/contracts/where.ts';
import { absorb } from '../../../src/core/absorb.ts';
import { plan } from '../../../src/core/plan.ts';
import { rulesOf } from '../../../src/core/rules.ts';
import { settle } from '../../../src/core/settle.ts';
import { wantedReplica } from '../../../src/core/state.ts';
import { authorLine, renderComment, unrenderComment } from '../../../src/core/render.ts';
import { can, clock, edge, field, intent, link, look, replica, sight, ticket, utterance } from './given.ts';

const now = clock(100);
const TAGGED = { properties: { tags: { contains: { const: 'vendor' } } }, required: ['tags'] };

describe('where', () => {
  const rules = rulesOf([edge(1, 2, { where: TAGGED }), edge(2, 1, { where: TAGGED }), edge(1, 3)], compileWhere);
  const tagged = { tags: ['vendor', 'x'] };

  test('lets only tickets through that fit it', () => {
    expect(rules.of({ values: tagged, accounts: [1] }).reached(1)).toEqual([2, 3]);
    expect(rules.of({ values: { tags: ['x'] }, accounts: [1] }).reached(1)).toEqual([3]);
    expect(rules.of({ values: {}, accounts: [1] }).terms(1, 2)).toBeNull();
  });

  test('a mirrored ticket that fits no longer is kept alike, or frozen if the mirror says so', () => {
    const off = { values: { tags: [] }, accounts: [1, 2] };
    expect(rules.of(off).terms(1, 2)).not.toBeNull();
    const freezing = rulesOf([edge(1, 2, { where: TAGGED, unmatched: 'freeze' }), edge(2, 1)], compileWhere);
    expect([freezing.of(off).terms(1, 2), freezing.of(off).terms(2, 1)?.comments]).toEqual([null, 'all']);
  });

  test('what changed while a ticket was frozen is written once it fits again', () => {
    const eyes = sight({ rules: rulesOf([edge(1, 2, { where: TAGGED, unmatched: 'freeze' })], compileWhere) });
    const off = link({ fields: { subject: field('Scanner', 50), status: field('open') }, version: 2 });
    const frozen = plan(off, replica(), eyes, now);
    expect(frozen.step).toBeNull();
    const back = { ...off, fields: { ...off.fields, tags: field(['vendor'], 60) }, version: 3 };
    expect(plan(back, frozen.replica, eyes, now).step).toMatchObject({ kind: 'ticket.update', fields: { subject: 'Scanner' } });
  });

  test('sees custom fields by the names of the mesh', () => {
    const where = { properties: { custom_properties: { contains: { properties: { id: { const: 'tier' }, value: { const: 'gold' } } } } } };
    const golden = rulesOf([edge(1, 2, { where })], compileWhere);
    expect(golden.of({ values: { 'custom:tier': 'gold' }, accounts: [1] }).reached(1)).toEqual([2]);
    expect(golden.of({ values: { 'custom:tier': 'tin' }, accounts: [1] }).reached(1)).toEqual([]);
  });

  test('holds along paths as each of their mirrors says', () => {
    const chain = rulesOf([edge(1, 2), edge(2, 3, { where: TAGGED })], compileWhere);
    expect(chain.of({ values: tagged, accounts: [1] }).reached(1)).toEqual([2, 3]);
    expect(chain.of({ values: {}, accounts: [1] }).reached(1)).toEqual([2]);
  });

  test('is asked about the link as it is: what does not fit is not created, and what was created is written on', () => {
    const eyes = sight({ rules });
    const untagged = link({ fields: { subject: field('Scanner', 50), tags: field([]) }, accounts: [1], version: 2 });
    expect(plan(untagged, wantedReplica('r2', 'l1', 2), eyes, now)).toMatchObject({ step: null, notes: [{ what: 'not mirrored' }] });
    expect(plan({ ...untagged, accounts: [1, 2] }, replica(), eyes, now).step).toMatchObject({ kind: 'ticket.update', fields: { subject: 'Scanner' } });
  });
});

describe('an owner', () => {
  const owned = sight({ rules: rulesOf([edge(1, 2, { owner: { status: 1 } }), edge(2, 1, { owner: { status: 1 } }), edge(2, 3)]) });

  test('is the same for all accounts that are connected', () => {
    expect([owned.rules.owner('status', 2), owned.rules.owner('status', 3), owned.rules.owner('subject', 2), owned.rules.owner('status', 9)]).toEqual([1, 1, null, null]);
  });

  test('wins over a change elsewhere, which is set back and told with both values', () => {
    const before = link();
    const moved = absorb(before, replica(), look({ status: 'closed' }), owned);
    expect(moved.link).toBe(before);
    expect(moved.notes).toMatchObject([{ what: 'conflict', field: 'status', because: 'this field belongs to one', values: { won: 'open', lost: 'closed' } }]);
    expect(plan(moved.link, moved.replica, owned, now).step).toMatchObject({ kind: 'ticket.update', fields: { status: 'open' } });
  });

  test('may change it as anybody may change what belongs to nobody', () => {
    const own = sight({ account: { id: 1, name: 'one' }, rules: owned.rules });
    expect(absorb(link(), replica({ account_id: 1 }), look({ status: 'closed', subject: 'New' }), own).link.fields).toMatchObject({ status: { value: 'closed' }, subject: { value: 'New' } });
  });
});

describe('deleted elsewhere, closed here', () => {
  const closing = sight({ rules: rulesOf([edge(1, 2, { on_delete: 'close' }), edge(2, 1, { on_delete: 'close' })]) });
  const dead = link({ version: 2, life: { alive: false, clock: clock(50), from: 1 } });

  test('is an update to the most final status that the desk has', () => {
    expect(plan(dead, replica(), closing, now).step).toMatchObject({ kind: 'ticket.update', fields: { status: 'closed' }, forecast: { status: 'closed' }, life: clock(50) });
    const softer = { ...closing, forecast: (fields: object) => ({ ...fields, ...('status' in fields && fields.status === 'closed' ? { status: 'resolved' as const } : {}) }) };
    expect(plan(dead, replica(), softer, now).step).toMatchObject({ fields: { status: 'resolved' } });
    expect(plan(dead, replica({ base: { status: 'resolved' } }), closing, now)).toMatchObject({ step: null, replica: { life_applied: clock(50) } });
    expect(plan(dead, replica(), { ...closing, can: can({ fields: { subject: 'always' } }) }, now)).toMatchObject({ step: null, notes: [{ what: 'kept' }] });
  });

  test('once done is not done again, and a restoration opens the ticket', () => {
    const { step } = plan(dead, replica(), closing, now);
    const outcome = { kind: 'done', id: null, ticket: ticket({ status: 'closed' }), comment: null, warnings: [], adopted: false } as const;
    const moved = settle(dead, replica({ intent: intent({ ...step }) }), outcome, closing, now);
    expect(moved.link).toBe(dead);
    expect(plan(moved.link, moved.replica, closing, now).step).toBeNull();
    const restored = { ...dead, version: 3, life: { alive: true, clock: clock(90), from: 1 } };
    expect(plan(restored, moved.replica, closing, now).step).toMatchObject({ kind: 'ticket.update', fields: { status: 'open' } });
  });

  test('travels from here, too', () => {
    expect(absorb(link(), replica(), look(null), closing).link.life).toMatchObject({ alive: false, from: 2 });
  });
});

describe('along paths and between them', () => {
  test('the narrower and the wider terms hold for deletions and files', () => {
    const chain = rulesOf([edge(1, 2, { on_delete: 'close', files: 500 }), edge(2, 3, { files: null })]);
    expect(chain.terms(1, 3)).toMatchObject({ on_delete: 'close', files: 500 });
    const two = rulesOf([edge(1, 2, { on_delete: 'ignore', files: 0 }), edge(1, 2, { on_delete: 'close', files: 100 })]);
    expect(two.terms(1, 2)).toMatchObject({ on_delete: 'close', files: 100 });
  });
});

describe('files', () => {
  const file = { from: 1, ticket_id: 'T1', comment_id: null, id: 'a', url: 'u', filename: 'a.log', content_type: null, size: 600, inline: false };
  const eyes = (files: number | null) =>
    sight({ can: { ...can(), files: { read: true, ticket: true, comment: true, inline: false, maxBytes: 9, maxTotalBytes: 9, callTimeoutMs: 0 } }, rules: rulesOf([edge(1, 2, { files })]) });

  test.each([[null, 1, 0], [0, 0, 0], [500, 0, 1], [600, 1, 0]])('under a limit of %s: %s go, %s are named', (limit, go, named) => {
    const { step } = plan(link({ files: [file] }), wantedReplica('r2', 'l1', 2), eyes(limit), now);
    expect([step?.files.length, step?.warnings.length]).toEqual([go, named]);
  });
});

describe('the author line', () => {
  const said = { author: { user_id: null, email: 'a&b@one.example', name: 'A <b>' }, content: '<p>Hi</p>' };

  test('in a mirror\u2019s own words, which are text', () => {
    expect(authorLine(said, 'one', '{author} <{email}> {nobody} on {account}')).toBe('<p>A &lt;b&gt; &lt;a&amp;b@one.example&gt; {nobody} on one</p>');
    expect(renderComment(said, 'one', '')).toBe('<p>Hi</p>');
  });

  test('is taken off again from what a person edited', () => {
    const shown = renderComment(said, 'one', 'By {author}:');
    expect(unrenderComment(shown.replace('Hi', 'Hello'), said, 'one', (html) => html, 'By {author}:')).toBe('<p>Hello</p>');
    expect(unrenderComment('<p>Hello</p>', said, 'one', (html) => html, '')).toBe('<p>Hello</p>');
    const eyes = sight({ rules: rulesOf([edge(1, 2, { author_line: 'By {author}:' })]) });
    expect(plan(link({ comments: { '1:C1': utterance() } }), replica(), eyes, now).step?.draft?.content).toBe('<p>By Ann:</p><p>Hello</p>');
  });
});
