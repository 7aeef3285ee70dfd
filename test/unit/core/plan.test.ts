import { describe, expect, test } from '@jest/globals';
import { ticketKey } from '../../../src/core/keys.ts';
import { plan } from '../../../src/core/plan.ts';
import { rulesOf } from '../../../src/core/rules.ts';
import { wantedReplica } from '../../../src/core/state.ts';
import { can, clock, copy, edge, field, link, replica, sight, utterance } from './given.ts';

const now = clock(100);
const wanted = wantedReplica('r2', 'l1', 2);
const renamed = link({ version: 2, fields: { subject: field('Scanner', 50), status: field('open') } });

describe('update', () => {
  test('a field is due when its clock is newer than the one applied, and nothing else is', () => {
    expect(plan(renamed, replica(), sight(), now).step).toMatchObject({
      kind: 'ticket.update', fields: { subject: 'Scanner' }, forecast: { subject: 'Scanner' }, clocks: { subject: clock(50) }, clock: clock(50),
    });
    expect(plan(link(), replica({ base: { subject: 'reformatted', status: 'open' } }), sight(), now).step).toBeNull();
  });

  test('a write that would change nothing is spared, and counts as applied', () => {
    const lossy = sight({ forecast: (fields) => ({ ...fields, ...(fields.status === undefined ? {} : { status: 'pending' as const }) }) });
    const planned = plan(link({ fields: { status: field('resolved', 50) } }), replica({ base: { status: 'pending' } }), lossy, now);
    expect(planned.step).toBeNull();
    expect(planned.replica.applied.status).toBe(clock(50));
  });

  test('a new ticket has what was said on desks that have left the mirrors since, and nothing that a mirror leaves alone', () => {
    const said = link({ accounts: [1, 2, 3], version: 2, fields: { subject: field('Scanner', 50, 3), tags: { ...field(['vip'], 0, 1), by: { vip: [3] } }, status: field('open') } });
    expect(plan(said, wanted, sight({ rules: rulesOf([edge(1, 2)]) }), now).step).toMatchObject({ fields: { subject: 'Scanner', tags: ['vip'] } });
    expect(plan(said, wanted, sight({ rules: rulesOf([edge(1, 2), edge(3, 1, { ignore: ['subject', 'tags'] })]) }), now).step?.fields).toEqual({ status: 'open' });
    expect(plan(said, wanted, sight({ rules: rulesOf([edge(1, 2, { ignore: ['subject'] })]) }), now).step?.fields).not.toHaveProperty('subject');
  });

  test.each([
    ['cannot change it', sight({ can: can({ fields: { subject: 'create', status: 'always' } }) })],
    ['cannot hold this value', sight({ forecast: ({ subject: _, ...others }) => others })],
    ['no mirror carries this field', sight({ rules: rulesOf([edge(1, 2, { ignore: ['subject'] })]) })],
  ])('what cannot be written is explained and not due: %s', (because, eyes) => {
    const planned = plan(renamed, replica(), eyes, now);
    expect(planned.step).toBeNull();
    expect(planned.replica.applied.subject).toBe(clock(50));
    expect(planned.notes).toMatchObject([{ what: 'not written', field: 'subject', because: expect.stringContaining(because) }]);
  });

  test('rule 12: a held field is not written', () => {
    const bouncy = replica({ bounces: { subject: { count: 12, at: clock(90), value: 'x' } } });
    expect(plan(renamed, bouncy, sight(), now).step).toBeNull();
  });

  test('rule 25: refused once is tried again, refused twice is not, and a newer value is', () => {
    const refused = (count: number, seconds: number) => replica({ held: { 'field:subject': { clock: clock(seconds), count, reason: 'no', at: now } } });
    expect(plan(renamed, refused(1, 50), sight(), now).step).not.toBeNull();
    expect(plan(renamed, refused(2, 50), sight(), now).step).toBeNull();
    expect(plan(renamed, refused(2, 40), sight(), now).step).not.toBeNull();
  });

  test('rule 20: the patch that closes comes after the comments', () => {
    const closing = link({ version: 2, fields: { status: field('closed', 50) }, comments: { '1:C1': utterance() } });
    expect(plan(closing, replica(), sight(), now).step?.kind).toBe('comment.create');
  });

  test('rule 20: a closed ticket on a desk that refuses changes gets none, and that is explained', () => {
    const final = sight({ can: can({ tickets: { closedIsFinal: true } }) });
    const planned = plan(renamed, replica({ base: { status: 'closed' } }), final, now);
    expect(planned).toMatchObject({ step: null, notes: [{ what: 'frozen' }] });
  });
});

describe('create', () => {
  test('rule 6: a create carries the clock of every field that it writes', () => {
    expect(plan(renamed, wanted, sight(), now).step).toMatchObject({
      kind: 'ticket.create',
      key: ticketKey({ id: 'r2', generation: 1 }),
      fields: { subject: 'Scanner', status: 'open' },
      clocks: { subject: clock(50), status: clock(0) },
      life: clock(0),
    });
  });

  test('rule 20: nothing is created closed', () => {
    const step = plan(link({ fields: { subject: field('Printer'), status: field('closed') } }), wanted, sight(), now).step;
    expect(step?.fields).toEqual({ subject: 'Printer' });
  });

  test('what the desk cannot take at a create is left to a later update', () => {
    const step = plan(link(), wanted, sight({ can: can({ fields: { subject: 'always', status: 'update' } }) }), now).step;
    expect(step?.fields).toEqual({ subject: 'Printer' });
  });

  test('a ticket is not created where no mirror reaches', () => {
    expect(plan(link(), wanted, sight({ rules: rulesOf([]) }), now)).toMatchObject({ step: null, notes: [{ what: 'not mirrored' }] });
  });

  test('rule 25: a create that was refused twice waits for something newer', () => {
    const held = { ...wanted, held: { life: { clock: clock(50), count: 2, reason: 'no', at: now } } };
    expect(plan(renamed, held, sight(), now).step).toBeNull();
    expect(plan(link({ fields: { subject: field('Fax', 60) } }), held, sight(), now).step?.kind).toBe('ticket.create');
  });
});

describe('life', () => {
  const dead = link({ version: 2, life: { alive: false, clock: clock(50), from: 1 } });
  const revived = link({ version: 3, life: { alive: true, clock: clock(60), from: 1 } });
  const deleted = replica({ state: 'deleted', life_applied: clock(50) });

  test('a dead link deletes its tickets', () => {
    expect(plan(dead, replica(), sight(), now).step).toMatchObject({ kind: 'ticket.delete', life: clock(50) });
  });

  test('a deletion is not carried by a mirror that ignores deletions', () => {
    const planned = plan(dead, replica(), sight({ rules: rulesOf([edge(1, 2, { on_delete: 'ignore' })]) }), now);
    expect(planned).toMatchObject({ step: null, replica: { life_applied: clock(50) }, notes: [{ what: 'kept' }] });
  });

  test('a ticket that was deleted here already needs nothing', () => {
    expect(plan(dead, deleted, sight(), now).step).toBeNull();
  });

  test('a revived link restores where the desk can', () => {
    expect(plan(revived, deleted, sight(), now).step).toMatchObject({ kind: 'ticket.restore', life: clock(60) });
  });

  test('rule 7: elsewhere it is created anew, under a key of its own', () => {
    const planned = plan(revived, deleted, sight({ can: can({ tickets: { restore: false } }) }), now);
    expect(planned.step).toMatchObject({ kind: 'ticket.create', key: ticketKey({ id: 'r2', generation: 2 }) });
    expect(planned.replica).toMatchObject({ generation: 2, ticket_id: null, base: {}, applied: {}, copies: {} });
  });

  const noRestore = can({ tickets: { restore: false } });

  test.each([
    ['no mirror', [edge(1, 3)]],
    ['no mirror of deletions', [edge(1, 2, { on_delete: 'ignore' })]],
  ])('what was restored elsewhere stays deleted here where %s brings that', (_, edges) => {
    for (const eyes of [sight({ rules: rulesOf(edges) }), sight({ rules: rulesOf(edges), can: noRestore })]) {
      const planned = plan(revived, deleted, eyes, now);
      expect(planned).toMatchObject({ step: null, replica: { ticket_id: 'T2', state: 'deleted', life_applied: clock(60) }, notes: [{ what: 'stays deleted' }] });
      expect(plan(revived, planned.replica, eyes, now)).toMatchObject({ step: null, notes: [] });
    }
  });

  test('a restoration that only a condition keeps away waits until the ticket fits', () => {
    const urgent = rulesOf([edge(1, 2, { where: { priority: 'urgent' }, unmatched: 'freeze' })], () => (ticket) => (ticket as { priority?: string }).priority === 'urgent');
    const planned = plan(revived, deleted, sight({ rules: urgent }), now);
    expect(planned).toMatchObject({ step: null, replica: { life_applied: clock(50) }, notes: [] });
    const fits = { ...revived, fields: { ...revived.fields, priority: field('urgent') } };
    expect(plan(fits, planned.replica, sight({ rules: urgent }), now).step?.kind).toBe('ticket.restore');
  });

  test('where a ticket’s own desk left the mirrors, the one that restored it brings it, with all that it is', () => {
    const restored = { ...revived, accounts: [1, 2, 3], life: { ...revived.life, from: 3 } };
    const planned = plan(restored, deleted, sight({ rules: rulesOf([edge(3, 2), edge(2, 3)]), can: noRestore }), now);
    expect(planned.step).toMatchObject({ kind: 'ticket.create', fields: { subject: 'Printer', status: 'open' } });
    const cutOff = rulesOf([edge(1, 2, { where: {}, unmatched: 'freeze' }), edge(3, 2)], () => () => false);
    expect(plan(restored, deleted, sight({ rules: cutOff, can: noRestore }), now)).toMatchObject({ step: null, notes: [{ what: 'not mirrored' }] });
  });

  test('a restore that was refused twice becomes a new ticket', () => {
    const held = { ...deleted, held: { restore: { clock: clock(60), count: 2, reason: 'no', at: now } } };
    expect(plan(revived, held, sight(), now).step?.kind).toBe('ticket.create');
  });
});

describe('fields and a comment in one write', () => {
  const both = { version: 2, fields: { subject: field('Scanner', 50), status: field('open') }, comments: { '1:C1': utterance() } };
  const joined = sight({ can: can({ comments: { withUpdate: true } }) });

  test('where the desk takes both', () => {
    const { step } = plan(link(both), replica(), joined, now);
    expect(step).toMatchObject({ kind: 'ticket.update', fields: { subject: 'Scanner' }, uid: '1:C1', draft: { public: true }, clock: clock(10), clocks: { subject: clock(50) } });
    expect(step?.key).toBe(plan(link(both), replica(), sight(), now).step?.key);
    expect(plan(link(both), replica(), sight(), now).step?.kind).toBe('comment.create');
  });

  test('but each alone once one of them was refused, and never with what closes the ticket', () => {
    const refused = replica({ held: { 'field:subject': { clock: clock(50), count: 1, reason: 'no', at: now } } });
    expect(plan(link(both), refused, joined, now).step?.kind).toBe('comment.create');
    const closing = link({ ...both, fields: { subject: field('Printer'), status: field('closed', 50) } });
    expect(plan(closing, replica(), joined, now).step?.kind).toBe('comment.create');
  });
});

describe('files', () => {
  const file = { from: 1, ticket_id: 'T1', comment_id: 'C1', id: 'a1', url: 'https://one.example/a1', filename: 'log.txt', content_type: null, size: 3, inline: false };
  const files = { read: true, ticket: true, comment: true, inline: false, maxBytes: 10, maxTotalBytes: 10, callTimeoutMs: 0 };
  const spoken = link({ version: 2, files: [{ ...file, comment_id: null }], comments: { '1:C1': utterance({ files: [file] }) } });

  test('go along with what they came with', () => {
    const eyes = sight({ can: { ...can(), files } });
    expect(plan(spoken, wanted, eyes, now).step).toMatchObject({ kind: 'ticket.create', files: [{ id: 'a1', comment_id: null }], warnings: [] });
    expect(plan(spoken, replica(), eyes, now).step).toMatchObject({ kind: 'comment.create', draft: { files: [file] }, warnings: [] });
  });

  test('are named where the desk takes none', () => {
    const reason = 'log.txt: this desk takes no files here';
    expect(plan(spoken, wanted, sight(), now).step).toMatchObject({ files: [], warnings: [{ field: 'attachments', reason }] });
    const { step } = plan(spoken, replica(), sight(), now);
    expect(step).toMatchObject({ warnings: [{ field: 'attachments', reason }] });
    expect(step?.draft).not.toHaveProperty('files');
  });
});

describe('a ticket that its desk closed for good', () => {
  const closedThere = replica({ base: { subject: 'Printer', status: 'closed' }, applied: { subject: clock(0), status: clock(40) }, copies: { '1:C0': copy({ uid: '1:C0', comment_id: 'K0' }) } });
  const closedLink = link({ version: 3, fields: { subject: field('Printer'), status: field('closed', 40) }, comments: { '1:C0': utterance({ uid: '1:C0' }) } });
  const final = can({ tickets: { closedIsFinal: true, followUp: true } });
  const following = sight({ can: final, rules: rulesOf([edge(1, 2, { closed: 'follow_up' })]) });
  const spoken = { ...closedLink, comments: { ...closedLink.comments, '1:C1': utterance() } };

  test('is followed by a new one when somebody speaks, and what was said before stays where it is', () => {
    const planned = plan(spoken, closedThere, following, now);
    expect(planned.step).toMatchObject({ kind: 'ticket.create', follows: 'T2', key: ticketKey({ id: 'r2', generation: 2 }), files: [] });
    expect(planned.replica).toMatchObject({ ticket_id: null, generation: 2, follows: 'T2', copies: { '1:C0': { deleted: true } } });
    const begun = { ...planned.replica, state: 'present' as const, ticket_id: 'T9', base: { subject: 'Printer', status: 'open' }, applied: { subject: clock(0), status: clock(40) } };
    expect(plan(spoken, begun, following, now).step).toMatchObject({ kind: 'comment.create', uid: '1:C1' });
  });

  test('or reopens the ticket elsewhere; not for a change of words', () => {
    expect(plan({ ...closedLink, fields: { ...closedLink.fields, status: field('open', 60) } }, closedThere, following, now).step?.kind).toBe('ticket.create');
    expect(plan({ ...closedLink, fields: { ...closedLink.fields, subject: field('Scanner', 60) } }, closedThere, following, now)).toMatchObject({ step: null, notes: [{ what: 'frozen' }] });
  });

  test('waits where the mirror does not say so, or the desk cannot', () => {
    expect(plan(spoken, closedThere, sight({ can: final }), now)).toMatchObject({ step: null, notes: [{ what: 'frozen' }] });
    expect(plan(spoken, closedThere, { ...following, can: can({ tickets: { closedIsFinal: true } }) }, now).step).toBeNull();
  });
});
