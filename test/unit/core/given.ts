/** What the core's tests are given: a desk that can everything and distorts nothing, a link, a replica, a look; each changed where it matters. */
import { USUAL_LIMITS } from '../../../src/core/guards.ts';
import { lensOf, NO_LENS_TERMS } from '../../../src/core/lens.ts';
import type { Look } from '../../../src/core/look.ts';
import { FIELD_NAMES, type Comment, type Ticket } from '../../../src/core/model.ts';
import { rulesOf, USUAL_TERMS, type MirrorEdge, type Terms } from '../../../src/core/rules.ts';
import type { Capabilities } from '../../../src/core/capabilities.ts';
import type { Sight } from '../../../src/core/sight.ts';
import { strangerReplica, type Copy, type FieldState, type Intent, type Link, type LinkComment, type Replica } from '../../../src/core/state.ts';

export const T = Date.UTC(2026, 0, 5, 9);
export const at = (seconds: number): string => new Date(T + seconds * 1000).toISOString().replace('.000Z', 'Z');
export const clock = (seconds: number): number => T + seconds * 1000;

export const ALL: Terms = USUAL_TERMS;

export function edge(from: number, to: number, terms: Partial<Terms> = {}): MirrorEdge {
  return { mirror: 'm', from, to, terms: { ...ALL, ...terms } };
}

export const BOTH_WAYS = [edge(1, 2), edge(2, 1)];

interface CanDraft {
  readonly fields?: Capabilities['fields'];
  readonly comments?: Partial<Capabilities['comments']>;
  readonly tickets?: Partial<Capabilities['tickets']>;
}

export function can(draft: CanDraft = {}): Capabilities {
  return {
    reads: FIELD_NAMES,
    fields: draft.fields ?? {
      subject: 'always', description: 'always', status: 'always', priority: 'always', ticket_type: 'always',
      tags: 'always', due_at: 'always', requester: 'create', assignee: 'always',
    },
    comments: {
      list: true, create: true, private: true, edit: true, delete: true, makePrivate: true, keyVisible: true, listLagMs: 0, maxBytes: 65_536, withUpdate: false,
      ...draft.comments,
    },
    tickets: { restore: true, keyVisible: true, findLagMs: 0, idempotentCreateMs: 0, closedIsFinal: false, delete: 'soft', followUp: false, changesTellDeletes: true, ...draft.tickets },
    files: { read: false, ticket: false, comment: false, inline: false, maxBytes: 0, maxTotalBytes: 0, callTimeoutMs: 0 },
    callTimeoutMs: 20_000,
    snapshots: false,
  };
}

/** Account 2 is looked at, unless said otherwise. */
export function sight(draft: Partial<Sight> = {}): Sight {
  return {
    account: { id: 2, name: 'two' },
    can: can(),
    rules: rulesOf(BOTH_WAYS),
    lens: lensOf(NO_LENS_TERMS),
    limits: USUAL_LIMITS,
    forecast: (fields) => fields,
    forecastComment: (comment) => comment,
    nameOfAccount: (id) => (id === 1 ? 'one' : id === 2 ? 'two' : 'three'),
    ...draft,
  };
}

export function field(value: unknown, seconds = 0, from = 1): FieldState {
  return { value, clock: clock(seconds), from };
}

export function link(draft: Partial<Link> = {}): Link {
  return {
    id: 'l1',
    origin: 1,
    accounts: [1, 2],
    version: 1,
    fields: { subject: field('Printer'), status: field('open') },
    life: { alive: true, clock: clock(0), from: 1 },
    comments: {},
    files: [],
    ...draft,
  };
}

/** The replica on account 2: present, and caught up with `link()`. */
export function replica(draft: Partial<Replica> = {}): Replica {
  return {
    ...strangerReplica('r2', 2, 'T2'),
    link_id: 'l1',
    state: 'present',
    base: { subject: 'Printer', status: 'open' },
    applied: { subject: clock(0), status: clock(0) },
    life_applied: clock(0),
    looked: clock(1),
    modified: clock(1),
    version: 1,
    ...draft,
  };
}

export function ticket(draft: Partial<Ticket> = {}): Ticket {
  return {
    id: 'T2',
    subject: 'Printer',
    status: 'open',
    created_at: at(0),
    modified_at: at(100),
    is_deleted: false,
    key: null,
    ...draft,
  };
}

export function look(seen: Partial<Ticket> | null, comments: readonly Comment[] | null = null, began = clock(100)): Look {
  return { began, ticket: seen === null ? null : ticket(seen), comments };
}

export const ANN = { user_id: null, email: 'ann@one.example', name: 'Ann' };

export function utterance(draft: Partial<LinkComment> = {}): LinkComment {
  return {
    uid: '1:C1', from: 1, author: ANN, content: '<p>Hello</p>', public: true, deleted: false, clock: clock(10), created: clock(10), files: [], ...draft,
  };
}

/** The author line and words that a copy of `utterance()` has on account 2. */
export const RENDERED = '<p><strong>Ann</strong> (one):</p><p>Hello</p>';

export function copy(draft: Partial<Copy> = {}): Copy {
  return {
    uid: '1:C1', comment_id: 'K1', generation: 1, ours: true, text: RENDERED, public: true, applied: clock(10), since: clock(11), deleted: false, ...draft,
  };
}

export function comment(draft: Partial<Comment> = {}): Comment {
  return {
    id: 'K1', content: RENDERED, author: null, public: true, attachments: [], created_at: at(11), modified_at: at(11), key: null, ...draft,
  };
}

export function intent(draft: Partial<Intent> = {}): Intent {
  return {
    kind: 'ticket.update', key: 'dm-aaaaaaaaaaaaaaaa', fields: null, forecast: {}, clocks: {}, life: 0, uid: null, comment_id: null, draft: null, files: [], follows: null, warnings: [],
    clock: 0, first_sent: clock(90), sent: clock(90), answered: null, tries: 1, landed: 0, refused: null, ...draft,
  };
}
