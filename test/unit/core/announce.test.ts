import { describe, expect, test } from '@jest/globals';
import { announce, type Announcement } from '../../../src/core/announce.ts';
import type { Copy, Link, LinkComment, Replica } from '../../../src/core/state.ts';
import { newLink, strangerReplica } from '../../../src/core/state.ts';

const NOW = Date.parse('2026-01-31T08:00:00Z');
const HOUR = 3_600_000;

const link: Link = {
  ...newLink('l1', 3, NOW - HOUR),
  version: 4,
  accounts: [3, 4],
  fields: { subject: { value: 'Fire', clock: 10, from: 3 }, assignee: { value: null, clock: 10, from: 3 }, 'custom:plan': { value: 'gold', clock: 10, from: 4 } },
};
const replica: Replica = { ...strangerReplica('r1', 3, 't7'), link_id: 'l1', state: 'present' };
const comment = (more: Partial<LinkComment> = {}): LinkComment => ({
  uid: '3:c1', from: 3, author: null, content: 'words', public: true, deleted: false, clock: NOW, created: NOW, files: [], ...more,
});
const copy: Copy = { uid: '3:c1', comment_id: 'c1', generation: 1, ours: false, text: 'words', public: true, applied: NOW, since: NOW, deleted: false };
const withCopy: Replica = { ...replica, copies: { '3:c1': copy } };

const told = (before: Link, after: Link, more: { replica?: Replica; born?: number | null } = {}): readonly (readonly [string, ...string[]])[] =>
  announce({ before, after, replica: more.replica ?? replica, born: more.born ?? null, now: NOW }).map(({ type, changed, comment_id: id }: Announcement) => [type, ...(id === null ? [] : [id]), ...changed]);
const with_ = (fields: Link['fields']): Link => ({ ...link, version: 5, fields: { ...link.fields, ...fields } });

describe('what a look brought is told', () => {
  test('as a new ticket, where the link begins and the ticket is young; else as one that changed', () => {
    const empty = newLink('l1', 3, NOW);
    const born = { ...link, version: 1 };
    expect(told(empty, born, { born: NOW - 1_000 })).toEqual([['ticket.created']]);
    expect(told(empty, born, { born: null })).toEqual([['ticket.created']]);
    expect(told(empty, born, { born: NOW - 24 * HOUR })).toEqual([['ticket.updated']]);
  });

  test('as changes of attributes, with the assignment apart', () => {
    expect(told(link, with_({ subject: { value: 'Flood', clock: 11, from: 3 } }))).toEqual([['ticket.updated', 'subject']]);
    expect(told(link, with_({ assignee: { value: null, clock: 11, from: 3 } }))).toEqual([['ticket.assignment.changed', 'assignee']]);
    expect(told(link, with_({ subject: { value: 'F', clock: 11, from: 3 }, assignee: { value: null, clock: 11, from: 3 }, 'custom:plan': { value: 'x', clock: 11, from: 3 } }))).toEqual([
      ['ticket.updated', 'subject', 'custom_properties'],
      ['ticket.assignment.changed', 'assignee'],
    ]);
  });

  test('as a deletion, and as a ticket that is there again', () => {
    const dead = { ...link, version: 5, life: { ...link.life, alive: false } };
    expect(told(link, dead)).toEqual([['ticket.deleted']]);
    expect(told(dead, { ...link, version: 6 })).toEqual([['ticket.created']]);
  });

  test('as comments that were written, edited, hidden and deleted, by their ids on this desk', () => {
    const of = (one: LinkComment): Link => ({ ...link, version: link.version + 1, comments: { [one.uid]: one } });
    const written = of(comment());
    expect(told(link, written, { replica: withCopy })).toEqual([['comment.created', 'c1']]);
    expect(told(written, of(comment({ content: 'other' })), { replica: withCopy })).toEqual([['comment.updated', 'c1', 'content']]);
    expect(told(written, of(comment({ public: false })), { replica: withCopy })).toEqual([['comment.updated', 'c1', 'public']]);
    expect(told(written, of(comment({ deleted: true })), { replica: withCopy })).toEqual([['comment.deleted', 'c1']]);
    expect(told(of(comment({ deleted: true })), of(comment({ deleted: true, clock: NOW + 1 })), { replica: withCopy })).toEqual([]);
    expect(told(link, of(comment({ created: NOW - 24 * HOUR })), { replica: withCopy })).toEqual([]);
  });

  test('and nothing where nothing of it is a person’s doing here', () => {
    expect(told(link, link)).toEqual([]);
    expect(told(link, { ...link, version: 5, accounts: [3, 4, 5] })).toEqual([]);
    expect(told(link, with_({ subject: { value: 'x', clock: 11, from: 3 } }), { replica: { ...replica, ticket_id: null } })).toEqual([]);
  });
});
