import { describe, expect, test } from '@jest/globals';
import { compare, isExplained, type Compared } from '../../../src/core/drift.ts';
import { sameWords, wordsIn } from '../../../src/core/drift-words.ts';
import type { Finding } from '../../../src/core/finding.ts';
import { commentKey } from '../../../src/core/keys.ts';
import { lensOf, NO_LENS_TERMS } from '../../../src/core/lens.ts';
import { rulesOf } from '../../../src/core/rules.ts';
import type { Sight } from '../../../src/core/sight.ts';
import type { Replica } from '../../../src/core/state.ts';
import { at, can, clock, comment, copy, edge, field, link, look, RENDERED, replica, sight, utterance } from './given.ts';

const HELD = { clock: clock(50), count: 2, reason: 'no such group', at: 1 };
const brief = (findings: readonly Finding[]): readonly unknown[] =>
  findings.map(({ kind, what, uid, comment_id, differences }) => [kind, what, uid ?? comment_id, ...differences.map(({ field: name }) => name)]);
const compared = (draft: { readonly link?: Parameters<typeof link>[0]; readonly replica?: Partial<Replica>; readonly look?: ReturnType<typeof look>; readonly sight?: Partial<Sight> }): Compared =>
  compare(link(draft.link), replica(draft.replica), draft.look ?? look({}), sight(draft.sight));

describe('fields', () => {
  test('that are shown as the link says are alike, whatever the record says', () => {
    expect(compared({ replica: { applied: {}, base: { subject: 'Old' } } })).toEqual({ findings: [], left: [], wanted: true });
  });

  test('that differ are told with both values, why, and since when', () => {
    const later = { fields: { subject: field('Printer'), status: field('pending', 50) } };
    expect(compared({ link: later }).findings).toEqual([
      {
        kind: 'differing', what: 'ticket', uid: null, comment_id: null, because: 'it was changed elsewhere, and not here yet', since: clock(50),
        differences: [{ field: 'status', link: 'pending', desk: 'open', because: 'it was changed elsewhere, and not here yet', settled: false }],
      },
    ]);
    const here = compared({ look: look({ status: 'resolved', modified_at: at(70) }) });
    expect(here.findings).toMatchObject([{ because: 'it was changed on this desk, which was not taken in yet', since: clock(70), differences: [{ field: 'status', link: 'open', desk: 'resolved' }] }]);
  });

  test('are compared as this desk would show them, and what it cannot hold is no difference', () => {
    const fields = { subject: field('Printer'), status: field('pending'), priority: field('urgent'), due_at: field('2026-02-01T00:00:00Z') };
    const lossy: Partial<Sight> = { forecast: ({ status, priority: _none, due_at: _neither, ...rest }) => ({ ...rest, ...(status !== undefined && { status: status === 'pending' ? 'open' : status }) }) };
    expect(compared({ link: { fields }, sight: lossy }).findings).toEqual([]);
    expect(compared({ link: { fields } }).findings).toMatchObject([{ differences: [{ field: 'status' }] }]);
  });

  test('are read in the account’s own words', () => {
    const lens = lensOf({ ...NO_LENS_TERMS, custom: { serial: 'cf_1' }, values: { status: { pending: 'open' } } });
    const fields = { subject: field('Printer'), status: field('pending'), 'custom:serial': field('A1') } as const;
    const seen = look({ status: 'open', custom_properties: [{ id: 'cf_1', value: 'A2' }] });
    const draft = { sight: { lens, can: can({ fields: { subject: 'always', status: 'always', custom_properties: 'always' } }) }, link: { fields }, look: seen };
    expect(compared(draft).findings).toMatchObject([{ differences: [{ field: 'custom:serial', link: 'A1', desk: 'A2' }] }]);
  });

  test.each<[string, Partial<Sight>, Partial<Replica>]>([
    ['a mirror leaves it alone', { rules: rulesOf([edge(1, 2, { ignore: ['status'] })]) }, {}],
    ['no mirror leads here', { rules: rulesOf([edge(2, 1)]) }, {}],
    ['people here changed it, and no mirror carries that', { rules: rulesOf([edge(1, 2)]) }, {}],
    ['the desk takes it with a new ticket only', { can: can({ fields: { subject: 'always', status: 'create' } }) }, {}],
  ])('are left where %s', (_why, given, draft) => {
    const settled = { base: { subject: 'Printer', status: 'open' }, applied: { subject: clock(0), status: clock(50) }, ...draft };
    const link = { fields: { subject: field('Printer'), status: field('pending', 50) } };
    expect(compared({ link, sight: given, replica: settled }).findings).toEqual([]);
    // The same where the rules are the usual ones is a difference.
    expect(compared({ link, replica: settled }).findings).toHaveLength(1);
  });

  test('people whom the desk does not know are left out, others are not', () => {
    const ann = { user_id: null, email: 'ann@one.example', name: 'Ann' };
    const draft = (assignee: typeof ann | null, applied = clock(0)): Compared =>
      compared({
        link: { fields: { assignee: field(ann) } }, look: look({ assignee }),
        replica: { applied: { assignee: applied }, base: { assignee: assignee?.email ?? null } },
      });
    expect(draft(null).findings).toEqual([]);
    expect(draft(null, 1).findings).toHaveLength(1);
    expect(draft({ ...ann, email: 'ben@two.example' }).findings).toMatchObject([{ differences: [{ field: 'assignee' }] }]);
  });

  test('texts that a desk writes down in its own way are alike as long as their words are', () => {
    const draft = (description: string): Compared =>
      compared({
        link: { fields: { description: field('<p>Hello&nbsp;<b>you</b></p>') } }, look: look({ description }),
        replica: { base: { description }, applied: { description: clock(0) } },
      });
    expect(draft('<div>Hello <strong>you</strong></div>').findings).toEqual([]);
    expect(draft('<div>Hello them</div>').findings).toMatchObject([{ because: 'it differs though it was written here', differences: [{ settled: true }] }]);
  });

  test('that are parked say what the desk said', () => {
    const later = { fields: { subject: field('Printer'), status: field('pending', 50) } };
    expect(compared({ link: later, replica: { held: { 'field:status': HELD } } }).findings).toMatchObject([{ because: 'parked: no such group' }]);
  });

  test('of a ticket that its desk closed for good are nobody’s fault', () => {
    const frozen = sight({ can: can({ tickets: { closedIsFinal: true } }) });
    expect(compared({ look: look({ status: 'closed' }), sight: frozen })).toMatchObject({ findings: [], left: ['its desk does not change closed tickets'] });
  });
});

describe('tickets', () => {
  const dead = { life: { alive: false, clock: clock(60), from: 1 } };

  test('that are gone, or were never made, are missing', () => {
    expect(compared({ look: look(null) }).findings).toMatchObject([{ kind: 'missing', what: 'ticket', because: 'it is gone on this desk, which was not taken in yet' }]);
    expect(compared({ look: look({ is_deleted: true }) }).findings).toHaveLength(1);
    expect(compared({ look: look(null), replica: { ticket_id: null, state: 'wanted' } }).findings).toMatchObject([{ kind: 'missing', because: 'it was not created here yet', since: clock(0) }]);
    expect(compared({ look: look(null), replica: { ticket_id: null, state: 'wanted', held: { life: HELD } } }).findings).toMatchObject([{ because: 'parked: no such group' }]);
  });

  test('that a rule keeps away, or that were deleted where that stays, are not', () => {
    expect(compared({ look: look(null), replica: { ticket_id: null, state: 'wanted' }, sight: { rules: rulesOf([edge(2, 1)]) } })).toMatchObject({ findings: [], wanted: false });
    expect(compared({ look: look(null), replica: { state: 'deleted' } })).toMatchObject({ findings: [], wanted: false });
  });

  test('that live on after their deletion elsewhere are extra, unless the mirror says to keep them', () => {
    expect(compared({ link: dead }).findings).toMatchObject([{ kind: 'extra', what: 'ticket', since: clock(60) }]);
    expect(compared({ link: dead, look: look(null) })).toEqual({ findings: [], left: [], wanted: false });
    expect(compared({ link: dead, sight: { rules: rulesOf([edge(1, 2, { on_delete: 'ignore' })]) } })).toMatchObject({ findings: [], wanted: false });
  });
});

describe('comments', () => {
  const said = { comments: { '1:C1': utterance() } };
  const shown = comment();

  test('with their one copy are alike, however the desk has written it down', () => {
    expect(compared({ link: said, replica: { copies: { '1:C1': copy() } }, look: look({}, [shown]) }).findings).toEqual([]);
    const odd = comment({ content: '<div>Ann (one):<br>Hello</div>' });
    expect(compared({ link: said, replica: { copies: { '1:C1': copy() } }, look: look({}, [odd]) }).findings).toEqual([]);
  });

  test('that are not there are missing: never written, or gone', () => {
    expect(brief(compared({ link: said, look: look({}, []) }).findings)).toEqual([['missing', 'comment', '1:C1']]);
    expect(brief(compared({ link: said, replica: { copies: { '1:C1': copy() } }, look: look({}, []) }).findings)).toEqual([['missing', 'comment', '1:C1']]);
    const parked = compared({ link: said, look: look({}, []), replica: { held: { 'public:1:C1': HELD } } });
    expect(parked.findings).toMatchObject([{ because: 'parked: no such group' }]);
  });

  test('that may not be here, or that the list is late to show, are not', () => {
    const secret = { comments: { '1:C1': utterance({ public: false }) } };
    expect(compared({ link: secret, look: look({}, []), sight: { can: can({ comments: { private: false } }) } }).findings).toEqual([]);
    expect(compared({ link: secret, look: look({}, []), sight: { rules: rulesOf([edge(1, 2, { comments: 'public' })]) } }).findings).toEqual([]);
    expect(compared({ link: said, look: look({}, []), sight: { rules: rulesOf([edge(1, 2, { comments: 'none' })]) } }).findings).toEqual([]);
    const late = sight({ can: can({ comments: { listLagMs: 60_000 } }) });
    expect(compared({ link: said, replica: { copies: { '1:C1': copy({ since: clock(90) }) } }, look: look({}, []), sight: late }).findings).toEqual([]);
  });

  test('that the customer can read though they are private are told first of all', () => {
    const secret = { comments: { '1:C1': utterance({ public: false }) } };
    const { findings } = compared({ link: secret, replica: { copies: { '1:C1': copy() } }, look: look({}, [shown]) });
    expect(findings).toMatchObject([{ kind: 'differing', because: 'it is private, and can be read by the customer here', differences: [{ field: 'public', link: false, desk: true }] }]);
  });

  test('that were edited on one side differ, but for a desk that keeps the first words', () => {
    const edited = { comments: { '1:C1': utterance({ content: '<p>Goodbye</p>', clock: clock(80) }) } };
    const draft = { link: edited, replica: { copies: { '1:C1': copy() } }, look: look({}, [shown]) };
    expect(compared(draft).findings).toMatchObject([{ kind: 'differing', because: 'it was edited elsewhere, and not here yet', differences: [{ field: 'content' }] }]);
    expect(compared({ ...draft, sight: { can: can({ comments: { edit: false } }) } }).findings).toEqual([]);
    const here = comment({ content: RENDERED.replace('Hello', 'Bye') });
    expect(compared({ link: said, replica: { copies: { '1:C1': copy() } }, look: look({}, [here]) }).findings).toMatchObject([{ because: 'it was edited on this desk, which was not taken in yet' }]);
  });

  test('that were deleted elsewhere are extra, where the desk can delete', () => {
    const gone = { comments: { '1:C1': utterance({ deleted: true, clock: clock(80) }) } };
    const draft = { link: gone, replica: { copies: { '1:C1': copy() } }, look: look({}, [shown]) };
    expect(brief(compared(draft).findings)).toEqual([['extra', 'comment', '1:C1']]);
    expect(compared({ ...draft, sight: { can: can({ comments: { delete: false } }) } }).findings).toEqual([]);
    expect(compared({ ...draft, look: look({}, []) }).findings).toEqual([]);
  });

  test('that nobody has taken in are missing elsewhere; a second copy of ours is extra; what was there before the pairing is neither', () => {
    const draft = { link: said, replica: { copies: { '1:C1': copy(), '2:K9': copy({ uid: '2:K9', comment_id: 'K9', ours: false }) } } };
    const fresh = comment({ id: 'K5', content: 'New' });
    const ours = comment({ id: 'K6', key: commentKey(replica(), '1:C1', 1) });
    expect(brief(compared({ ...draft, look: look({}, [shown, fresh, ours, comment({ id: 'K9' })]) }).findings)).toEqual([['missing', 'comment', 'K5'], ['extra', 'comment', 'K6']]);
    expect(compared({ ...draft, look: look({}, [shown, fresh]), sight: { rules: rulesOf([edge(1, 2)]) } }).findings).toEqual([]);
  });
});

test('a difference that its write warned of is explained, by the latest write that had to do with the field', () => {
  const difference = { field: 'custom:serial', link: 'A', desk: null, because: '', settled: true };
  const warned = { fields: ['custom_properties'], warned: ['custom_properties'] };
  const plain = { fields: ['custom_properties'], warned: [] };
  expect(isExplained(difference, [{ fields: ['subject'], warned: [] }, warned, plain])).toBe(true);
  expect(isExplained(difference, [plain, warned])).toBe(false);
  expect(isExplained(difference, [])).toBe(false);
  expect(isExplained({ ...difference, settled: false }, [warned])).toBe(false);
});

test('the words of a text are what people read', () => {
  expect(wordsIn('<p title="a>b">Tom &amp; Jerry&#33;&#x21; &lt;3</p>')).toBe('Tom&Jerry!!<3');
  expect(sameWords('a\n b', '<i>a</i>&nbsp;b')).toBe(true);
  expect(sameWords('&bogus; &#99999999;', '&bogus;&#99999999;')).toBe(true);
  expect(sameWords('Hello', 'hello')).toBe(false);
});
