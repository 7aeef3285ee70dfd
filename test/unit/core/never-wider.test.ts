/**
 * Promise 4 over all rules and desks: whatever people do and whichever rules hold, no comment that is private is ever written where
 * customers read it. Real core, real connectors' capabilities and forecasts, and desks that can any other combination of things.
 */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { connectors } from '../../../src/connectors/index.ts';
import { absorb } from '../../../src/core/absorb.ts';
import type { Capabilities } from '../../../src/core/capabilities.ts';
import { missingAccounts } from '../../../src/core/foresee.ts';
import type { Comment, CommentDraft } from '../../../src/core/model.ts';
import { plan } from '../../../src/core/plan.ts';
import { rulesOf, type CommentTerms, type MirrorEdge } from '../../../src/core/rules.ts';
import { settle, settleByLook, type Outcome } from '../../../src/core/settle.ts';
import type { Sight } from '../../../src/core/sight.ts';
import { newLink, strangerReplica, wantedReplica, type Intent, type Link, type Replica } from '../../../src/core/state.ts';
import { intended, makesComment, tightens } from '../../../src/core/step.ts';
import { accountOf, testWorld } from '../../contract/connectors/world.ts';
import { at, can, edge, sight } from './given.ts';

/** One desk, as far as its comments go. */
interface Kind {
  readonly name: string;
  readonly can: Capabilities;
  forecastComment(draft: CommentDraft): CommentDraft;
}

const VARIANTS: Readonly<Record<string, readonly object[]>> = { freshdesk: [{ public_comments: 'reply' }], helpspace: [{ private_messages: false }] };

const REAL: readonly Kind[] = Object.values(connectors).flatMap((connector) =>
  [{}, ...(VARIANTS[connector.about.service] ?? [])].map((more) => {
    const { url, credentials, settings } = connector.about.sample;
    const desk = connector.connect(accountOf({ connector, url, settings: { ...settings, ...more } }, credentials), testWorld(() => 0));
    return { name: `${connector.about.service} ${JSON.stringify(more)}`, can: desk.can, forecastComment: (draft: CommentDraft) => desk.forecastComment(draft) };
  }),
);

const anyDesk: fc.Arbitrary<Kind> = fc
  .record({ private: fc.boolean(), edit: fc.boolean(), delete: fc.boolean(), makePrivate: fc.boolean(), keyVisible: fc.boolean(), withUpdate: fc.boolean() })
  // What can be turned private can be private.
  .map((some) => ({ ...some, makePrivate: some.makePrivate && some.private }))
  .map((comments) => ({ name: JSON.stringify(comments), can: can({ comments }), forecastComment: (draft) => draft }));
const desks = fc.array(fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...REAL) }, anyDesk), { minLength: 2, maxLength: 4 });

const commentTerms = fc.constantFrom<CommentTerms>('all', 'all', 'public', 'none');
const edges = (terms: fc.Arbitrary<CommentTerms>) =>
  fc.array(fc.record({ from: fc.integer({ min: 0, max: 3 }), to: fc.integer({ min: 0, max: 3 }), comments: terms, tagged: fc.boolean() }), { minLength: 4, maxLength: 10 });

const deeds = fc.array(
  fc.record({
    on: fc.integer({ min: 0, max: 3 }),
    deed: fc.constantFrom('write', 'whisper', 'whisper', 'hide', 'hide', 'edit', 'remove', 'tag', 'sync', 'sync', 'sync'),
    which: fc.nat({ max: 9 }),
    /** How the next write of the sync ends. */
    outcome: fc.constantFrom('done', 'done', 'done', 'unsure, done', 'unsure, not done', 'refused'),
  }),
  { minLength: 12, maxLength: 40 },
);

interface Shelf {
  readonly kind: Kind;
  readonly comments: Map<string, Comment>;
}

interface Written {
  readonly account: number;
  readonly from: number;
  readonly public: boolean;
  readonly wasPublic: boolean;
}

/** One ticket that is on the first desk, the desks around it, and everything that was written about its comments. */
function play(kinds: readonly Kind[], drafts: readonly { from: number; to: number; comments: CommentTerms; tagged: boolean }[], todo: readonly { on: number; deed: string; which: number; outcome: string }[]) {
  const compile = () => (ticket: unknown) => ((ticket as { tags?: readonly string[] }).tags ?? []).includes('go');
  const ways: MirrorEdge[] = drafts
    .map(({ from, to, comments, tagged }) => edge((from % kinds.length) + 1, (to % kinds.length) + 1, { comments, ...(tagged && { where: {}, unmatched: 'freeze' as const }) }))
    .filter(({ from, to }) => from !== to);
  const rules = rulesOf(ways, compile);
  const shelves = kinds.map((kind): Shelf => ({ kind, comments: new Map() }));
  const eyes = kinds.map((kind, i): Sight => sight({ account: { id: i + 1, name: `desk ${i + 1}` }, can: kind.can, rules, forecastComment: kind.forecastComment, nameOfAccount: (id) => `desk ${id}` }));
  let now = Date.parse(at(0));
  let ids = 0;
  let tags: readonly string[] = ['go'];
  let hidden = 0;
  const written: Written[] = [];
  let link: Link = newLink('l1', 1, now);
  const replicas = new Map<number, Replica>([[1, { ...strangerReplica('r1', 1, 'T1'), link_id: 'l1', life_applied: link.life.clock }]]);

  const seen = (account: number) => {
    const { comments } = shelves[account - 1]!;
    return { began: now, ticket: { id: `T${account}`, subject: 'Printer', status: 'open' as const, tags, created_at: at(0), modified_at: new Date(now).toISOString(), is_deleted: false, key: null }, comments: [...comments.values()] };
  };

  /** The desk does as it is asked, and shows what its connector forecasts. */
  function perform(account: number, intent: Intent): Comment | null {
    const { kind, comments } = shelves[account - 1]!;
    if (comments.get(intent.comment_id ?? '')?.public === true && tightens(link, intent)) hidden += 1;
    if (intent.kind === 'comment.delete') {
      comments.delete(intent.comment_id ?? '');
      return null;
    }
    if (intent.draft === null || (!makesComment(intent) && intent.kind !== 'comment.update')) return null;
    const source = link.comments[intent.uid ?? ''];
    written.push({ account, from: source?.from ?? -1, public: intent.draft.public, wasPublic: source?.public ?? false });
    const shown = kind.forecastComment(intent.draft);
    const id = intent.kind === 'comment.update' ? (intent.comment_id ?? '') : `c${(ids += 1)}`;
    const comment: Comment = {
      id, content: shown.content, public: shown.public, author: null, attachments: [], created_at: new Date(now).toISOString(), modified_at: new Date(now).toISOString(),
      key: kind.can.comments.keyVisible ? intent.key : null,
    };
    comments.set(id, comment);
    return comment;
  }

  function sync(account: number, how: string): void {
    let state = replicas.get(account);
    if (state === undefined) return;
    const eye = eyes[account - 1]!;
    // Long enough for every desk's lists, and for an empty one to be believed.
    now += 5 * 60_000;
    const take = (moved: { link: Link; replica: Replica }): Replica => {
      link = moved.link;
      replicas.set(account, moved.replica);
      return moved.replica;
    };
    for (let round = 0; round < 60; round += 1) {
      if (state.ticket_id !== null) {
        const look = seen(account);
        const moved = absorb(link, state, look, eye);
        state = take({ link: moved.link, replica: settleByLook(moved.link, moved.replica, look, eye) });
        for (const id of missingAccounts(link, rules)) {
          link = { ...link, accounts: [...link.accounts, id] };
          replicas.set(id, wantedReplica(`r${id}`, 'l1', id));
        }
      }
      now += 1_000;
      const planned = plan(link, state, eye, now);
      if (planned.step === null) {
        replicas.set(account, planned.replica);
        return;
      }
      const intent = intended(planned.step, now);
      const ending = round === 0 && intent.kind !== 'ticket.create' ? how : 'done';
      const comment = ending === 'refused' || ending === 'unsure, not done' ? null : perform(account, intent);
      const outcome: Outcome =
        ending === 'refused' ? { kind: 'refused', reason: 'no', fields: [] }
        : ending.startsWith('unsure') ? { kind: 'unsure', answered: true }
        : { kind: 'done', id: intent.kind === 'ticket.create' ? `T${account}` : null, ticket: null, comment, warnings: [], adopted: false };
      const moved = settle(link, { ...planned.replica, intent }, outcome, eye, now);
      state = take(moved);
      now += 5 * 60_000;
    }
  }

  const people = { user_id: '1', email: 'ann@one.example', name: 'Ann' };
  for (const { on, deed, which, outcome } of todo) {
    const account = (on % kinds.length) + 1;
    const { kind, comments } = shelves[account - 1]!;
    now += 10_000;
    const stamp = new Date(now).toISOString();
    const there = [...comments.values()];
    const one = there[which % Math.max(1, there.length)];
    if (deed === 'sync') sync(account, outcome);
    else if (replicas.get(account)?.ticket_id == null) continue;
    else if (deed === 'tag') tags = tags.length > 0 ? [] : ['go'];
    else if (deed === 'write' || (deed === 'whisper' && kind.can.comments.private)) {
      const id = `c${(ids += 1)}`;
      comments.set(id, { id, content: `<p>words ${id}</p>`, public: deed === 'write', author: people, attachments: [], created_at: stamp, modified_at: stamp, key: null });
    } else if (one === undefined) continue;
    else if (deed === 'hide' && kind.can.comments.private) comments.set(one.id, { ...one, public: false, modified_at: stamp });
    else if (deed === 'edit') comments.set(one.id, { ...one, content: `${one.content}<p>more</p>`, modified_at: stamp });
    else if (deed === 'remove') comments.delete(one.id);
  }
  for (let round = 0; round < 2 * kinds.length + 2; round += 1) for (let account = 1; account <= kinds.length; account += 1) sync(account, 'done');
  return { link: link as Link, replicas, shelves, written, ways, hidden };
}

/** Whether there is a way from one to the other over mirrors that all let this through; worked out here, not by the rules. */
function wayFor(allowed: readonly CommentTerms[], ways: readonly MirrorEdge[], from: number, to: number): boolean {
  const reached = new Set([from]);
  for (const account of reached) for (const way of ways) if (way.from === account && allowed.includes(way.terms.comments)) reached.add(way.to);
  return from !== to && reached.has(to);
}

describe('a private comment', () => {
  test('is public nowhere, whatever is done, on whichever desks, under whichever rules', () => {
    let tightened = 0;
    let whispers = 0;
    fc.assert(
      fc.property(desks, edges(commentTerms), deeds, (kinds, drafts, todo) => {
        const { link, replicas, shelves, written, hidden } = play(kinds, drafts, todo);
        tightened += hidden;
        for (const one of written) {
          if (one.wasPublic) continue;
          whispers += 1;
          expect(one.public).toBe(false);
          // Hidden where it stands already, or carried over mirrors that carry private ones, to a desk that can hold it.
          expect(kinds[one.account - 1]?.can.comments.private).toBe(true);
        }
        for (const { uid, from, public: open, deleted } of Object.values(link.comments)) {
          if (open || deleted) continue;
          for (const [account, replica] of replicas) {
            const copy = replica.copies[uid];
            const shown = copy?.comment_id == null ? undefined : shelves[account - 1]?.comments.get(copy.comment_id);
            if (shown === undefined || account === from) continue;
            const { can: able } = kinds[account - 1]!;
            // Where it stands in public it stood there while it was, on a desk that can neither hide nor delete it, or a step was refused twice.
            if (shown.public) {
              const helpless = !able.comments.makePrivate && !(able.comments.delete && copy?.ours === true);
              const parked = Object.values(replica.held).some(({ count }) => count >= 2);
              expect(helpless || parked).toBe(true);
            }
          }
        }
      }),
      { numRuns: 400 },
    );
    // What is asserted happened: private comments were written, and copies that stood in public were hidden or taken away.
    expect(whispers).toBeGreaterThan(100);
    expect(tightened).toBeGreaterThan(0);
  });

  test('goes only where mirrors carry private comments all the way', () => {
    fc.assert(
      fc.property(desks, edges(commentTerms), deeds, (kinds, drafts, todo) => {
        const { ways, written } = play(kinds, drafts, todo.map((one) => (one.deed === 'hide' ? { ...one, deed: 'whisper' } : one)));
        // An edit that comes back to where the comment was written widens nothing.
        for (const one of written) if (!one.wasPublic && one.from !== one.account) expect(wayFor(['all'], ways, one.from, one.account)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  test('becomes public only on accounts to which every mirror on the way says so', () => {
    let opened = 0;
    fc.assert(
      fc.property(desks, edges(fc.constantFrom<CommentTerms>('all', 'all_as_public', 'all_as_public', 'public')), deeds, (kinds, drafts, todo) => {
        const { ways, written } = play(kinds, drafts, todo);
        for (const one of written) {
          if (one.wasPublic || !one.public) continue;
          opened += 1;
          expect(wayFor(['all_as_public'], ways, one.from, one.account)).toBe(true);
        }
      }),
      { numRuns: 200 },
    );
    expect(opened).toBeGreaterThan(20);
  });

  test.each(REAL.map((kind): [string, Kind] => [kind.name, kind]))('is forecast as private by %s, if it can hold one', (_, { can: able, forecastComment }) => {
    const shown = forecastComment({ content: '<p>between us</p>', public: false });
    if (able.comments.private) expect(shown.public).toBe(false);
    else expect(able.comments.makePrivate).toBe(false);
  });
});
