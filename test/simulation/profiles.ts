/** The characters of the fake desks, after the real ones: what they hold, how they distort it, how late and how lossy they are. */
import { FIELD_NAMES, type FieldName, type Person, type Writable } from '../../src/core/model.ts';
import type { Capabilities } from '../../src/ports/connector.ts';

/** A field as a desk keeps it; whatever form that is. */
export type Native = unknown;

export interface Profile {
  readonly service: string;
  readonly can: Capabilities;
  /** A unified value in the desk's own form; undefined = it cannot be held. */
  hold(field: FieldName, value: unknown): Native | undefined;
  /** The desk's own form, read as unified. */
  show(field: FieldName, native: Native): unknown;
  /** What the desk makes of a comment's HTML. */
  format(html: string): string;
  /** Fields that people can change on an existing ticket. */
  readonly peopleEdit: readonly FieldName[];
  /** Statuses as people there know them. */
  readonly statuses: readonly string[];
  readonly people: {
    readonly editComment: boolean;
    readonly deleteComment: boolean;
    readonly hideComment: boolean;
    readonly restore: boolean;
    readonly merge: boolean;
    /** A clone carries everything that the ticket carries, our mark too. */
    readonly clone: boolean;
  };
  readonly deletedIs: 'missing' | 'shown' | 'gone';
  /** Longest time for which a change is missing from lists and searches. */
  readonly listLagMs: number;
  /** Equal for all changes of one ticket within a second, where true. */
  readonly coarseDedupe: boolean;
}

const asIs = (value: unknown): unknown => value ?? null;
const squeeze = (text: string): string => text.replace(/\s+/g, ' ').trim();
const bold = (html: string): string => html.replaceAll('<strong>', '<b>').replaceAll('</strong>', '</b>');
const breaks = (html: string): string => html.replaceAll('<br>', '<br />');

const EVERY: Writable = 'always';

/** External id visible, idempotency key, texts reformatted, closed is for ever, comments for ever, trash hidden. */
const Z: Profile = {
  service: 'z',
  can: {
    reads: FIELD_NAMES,
    fields: {
      subject: EVERY, description: 'create', status: EVERY, priority: EVERY, ticket_type: EVERY,
      tags: EVERY, due_at: EVERY, requester: 'create', assignee: EVERY,
    },
    comments: {
      list: true, create: true, private: true, edit: false, delete: false, makePrivate: true,
      keyVisible: true, listLagMs: 0, maxBytes: 65_000, withUpdate: true,
    },
    tickets: {
      delete: 'soft', restore: true, keyVisible: true, findLagMs: 5_000, idempotentCreateMs: 7_200_000,
      closedIsFinal: true, followUp: false, changesTellDeletes: true,
    },
    files: { read: false, ticket: false, comment: false, inline: false, maxBytes: 0, maxTotalBytes: 0, callTimeoutMs: 0 },
    snapshots: false,
    callTimeoutMs: 20_000,
  },
  hold(field, value) {
    if (field === 'status') return value === 'resolved' ? 'solved' : asIs(value);
    if (field === 'subject' || field === 'description') return breaks(squeeze(String(value ?? '')));
    return asIs(value);
  },
  show(field, native) {
    if (field !== 'status') return native;
    return native === 'new' ? 'open' : native === 'hold' ? 'pending' : native === 'solved' ? 'resolved' : native;
  },
  format: (html) => breaks(squeeze(html)),
  peopleEdit: ['subject', 'status', 'priority', 'ticket_type', 'due_at', 'assignee'],
  statuses: ['open', 'pending', 'hold', 'solved'],
  people: { editComment: false, deleteComment: false, hideComment: true, restore: true, merge: true, clone: false },
  deletedIs: 'missing',
  listLagMs: 4_000,
  coarseDedupe: false,
};

const F_STATUS: Readonly<Record<string, number>> = { open: 2, pending: 3, resolved: 4, closed: 5 };
const F_SHOWN: Readonly<Record<string, string>> = { 2: 'open', 3: 'pending', 4: 'resolved', 5: 'closed', 6: 'pending' };

/** A tag as mark, lists far behind, a custom status that reads as pending, tags in lower case, comments that people change. */
const F: Profile = {
  service: 'f',
  can: {
    reads: FIELD_NAMES,
    fields: {
      subject: EVERY, description: EVERY, status: EVERY, priority: EVERY, ticket_type: EVERY,
      tags: EVERY, due_at: EVERY, requester: 'create', assignee: EVERY,
    },
    comments: {
      list: true, create: true, private: true, edit: true, delete: true, makePrivate: false,
      keyVisible: true, listLagMs: 10_000, maxBytes: 65_000, withUpdate: false,
    },
    tickets: {
      delete: 'soft', restore: true, keyVisible: true, findLagMs: 40_000, idempotentCreateMs: 0,
      closedIsFinal: false, followUp: false, changesTellDeletes: false,
    },
    files: { read: false, ticket: false, comment: false, inline: false, maxBytes: 0, maxTotalBytes: 0, callTimeoutMs: 0 },
    snapshots: false,
    callTimeoutMs: 25_000,
  },
  hold(field, value) {
    if (field === 'status') return F_STATUS[String(value)];
    if (field === 'priority') return value ?? undefined;
    if (field === 'tags') return ((value ?? []) as readonly string[]).map((tag) => tag.toLowerCase());
    if (field === 'subject') return String(value ?? '').trim();
    if (field === 'description') return bold(String(value ?? ''));
    return asIs(value);
  },
  show: (field, native) => (field === 'status' ? F_SHOWN[String(native)] : native),
  format: bold,
  peopleEdit: ['subject', 'description', 'status', 'priority', 'ticket_type', 'due_at', 'assignee'],
  statuses: ['2', '3', '4', '6'],
  people: { editComment: true, deleteComment: true, hideComment: false, restore: true, merge: true, clone: true },
  deletedIs: 'shown',
  listLagMs: 40_000,
  coarseDedupe: true,
};

/** No comments, deletes for good, webhooks with the whole ticket, few priorities, the key as a tag. */
const H: Profile = {
  service: 'h',
  can: {
    reads: FIELD_NAMES,
    fields: { subject: EVERY, description: 'create', status: EVERY, priority: EVERY, tags: EVERY, requester: 'create', assignee: EVERY },
    comments: {
      list: false, create: false, private: false, edit: false, delete: false, makePrivate: false,
      keyVisible: false, listLagMs: 0, maxBytes: 0, withUpdate: false,
    },
    tickets: {
      delete: 'hard', restore: false, keyVisible: true, findLagMs: 15_000, idempotentCreateMs: 0,
      closedIsFinal: false, followUp: false, changesTellDeletes: false,
    },
    files: { read: false, ticket: false, comment: false, inline: false, maxBytes: 0, maxTotalBytes: 0, callTimeoutMs: 0 },
    snapshots: true,
    callTimeoutMs: 15_000,
  },
  hold(field, value) {
    if (field === 'priority') return value === 'urgent' ? 'high' : (value ?? undefined);
    if (field === 'subject' || field === 'description') return String(value ?? '').trim();
    return asIs(value);
  },
  show: (field, native) => (field === 'status' && native === 'new' ? 'open' : native),
  format: (html) => html,
  peopleEdit: ['subject', 'status', 'priority', 'assignee'],
  statuses: ['new', 'open', 'pending', 'resolved'],
  people: { editComment: false, deleteComment: false, hideComment: false, restore: false, merge: false, clone: true },
  deletedIs: 'gone',
  listLagMs: 10_000,
  coarseDedupe: false,
};

/** Comments that can be neither private nor changed, nor deleted; otherwise plain. */
const P: Profile = {
  ...F,
  service: 'p',
  can: {
    ...F.can,
    comments: { ...F.can.comments, private: false, edit: false, delete: false, listLagMs: 0 },
    tickets: { ...F.can.tickets, findLagMs: 0, followUp: false, changesTellDeletes: true },
  },
  people: { editComment: false, deleteComment: false, hideComment: false, restore: true, merge: false, clone: true },
  listLagMs: 0,
  coarseDedupe: false,
};

/** Remembers keys but shows none on tickets, and deletes for good: a ticket that is made again must not get the answer that its first life got. */
const Y: Profile = {
  ...Z,
  service: 'y',
  can: { ...Z.can, tickets: { ...Z.can.tickets, delete: 'hard', restore: false, keyVisible: false, followUp: false, changesTellDeletes: false } },
  people: { ...Z.people, restore: false, merge: false },
  deletedIs: 'gone',
};

/** Tags from a fixed list, no priority, one request for a change and the comment that goes with it, comments that people hide and we cannot. */
const S: Profile = {
  ...F,
  service: 's',
  can: {
    ...F.can,
    fields: { subject: EVERY, description: EVERY, status: EVERY, ticket_type: EVERY, tags: EVERY, requester: 'create', assignee: EVERY },
    comments: { ...F.can.comments, edit: false, withUpdate: true, listLagMs: 2_000 },
    tickets: { ...F.can.tickets, delete: 'hard', restore: false, findLagMs: 2_000 },
  },
  hold(field, value) {
    if (field === 'tags') return ((value ?? []) as readonly string[]).filter((tag) => tag === 'vip' || /[02468]$/.test(tag));
    if (field === 'status') return asIs(value);
    return F.hold(field, value);
  },
  show: (_field, native) => native,
  peopleEdit: ['subject', 'description', 'status', 'ticket_type', 'assignee'],
  statuses: ['open', 'pending', 'resolved'],
  people: { editComment: false, deleteComment: true, hideComment: true, restore: false, merge: false, clone: false },
  deletedIs: 'gone',
  listLagMs: 5_000,
  coarseDedupe: false,
};

export const PROFILES: Readonly<Record<string, Profile>> = { z: Z, f: F, h: H, p: P, y: Y, s: S };

/** Somebody on a desk, known by e-mail everywhere. */
export function person(name: string): Person {
  return { user_id: null, email: `${name}@desk.example`, name };
}
