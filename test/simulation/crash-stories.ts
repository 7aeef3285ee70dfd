/** Stories for processes that die: what people do, and what every desk shows in the end however often somebody died over it. */
import { USUAL_LIMITS } from '../../src/core/guards.ts';
import { followsUp, losesFirst, refuses, withFiles, type Props } from './crash-props.ts';
import type { FakeDesk } from './desk.ts';
import { lifeOf, type NativeTicket } from './native.ts';
import { allWays, type Edge } from './setting.ts';
import { rule, type Stage } from './simulate.ts';
import { CALM } from './weather.ts';

export interface Scene {
  readonly stage: Stage;
  desk(at: number): FakeDesk;
  /** The one ticket that lives, or lived, on this desk. */
  ticket(at: number): NativeTicket;
  readonly props: Props;
}

export interface CrashStory {
  readonly name: string;
  readonly services: readonly string[];
  readonly terms?: Partial<Edge>;
  readonly props?: () => Props;
  /** Whether processes look for history to bring along. */
  readonly backfilling?: boolean;
  /** What happened before, a minute and a sweep apart: nobody dies then. */
  readonly before?: readonly ((scene: Scene) => void)[];
  /** What the desks show then, where that is not plain: what is released must have been held. */
  readonly yet?: readonly string[];
  /** What processes die over. */
  readonly then: (scene: Scene) => void;
  /** At the end, desk by desk: each living ticket's status, its public and private comments, and files. */
  readonly shown: readonly string[];
  /** All that the oracle says though all is well: it knows of no ticket that follows another. */
  readonly objections?: readonly string[];
}

const create = (at: number) => ({ stage, desk }: Scene): void => void stage.people.create(desk(at));
const remove = (at: number) => ({ stage, desk, ticket }: Scene): void => stage.people.remove(desk(at), ticket(at));
const say = (at: number, isPublic: boolean) => ({ stage, desk, ticket }: Scene): void => void stage.people.comment(desk(at), ticket(at), isPublic);

function firstComment(scene: Scene, at: number): NativeTicket['comments'][number] {
  const [comment] = scene.ticket(at).comments;
  if (comment === undefined) throw new Error(`no comment on ${scene.desk(at).name}`);
  return comment;
}

const DAY_MS = 86_400_000;

/** A ticket with a comment from before anybody told us of it, and too old for the list of changes. */
const longAgo = (at: number) => (scene: Scene): void => {
  const { faults } = scene.stage;
  faults.weather = { ...CALM, hookLost: 1 };
  create(at)(scene);
  say(at, true)(scene);
  faults.weather = CALM;
  scene.ticket(at).updated -= DAY_MS;
};

/** What `deskmesh release` does to steps that were refused: they are forgotten and their lanes are due. */
function releaseSteps({ stage }: Scene): void {
  for (const row of stage.store.state.rows.values()) {
    if (Object.keys(row.replica.held).length === 0) continue;
    row.replica = { ...row.replica, held: {}, failures: 0 };
    row.due_at = stage.clock.now();
  }
}

const HELD_ACCOUNT = 2;

export const CRASH_STORIES: readonly CrashStory[] = [
  ...[0, 1, 2].map((origin): CrashStory => ({
    name: `a new ticket with a comment, from desk ${origin}`,
    services: ['z', 'f', 'p'],
    then: (scene) => {
      create(origin)(scene);
      say(origin, false)(scene);
    },
    // A private comment does not go to the desk that would show it to all, unless it was written there.
    shown: origin === 2 ? ['z1: open +1 -0', 'f2: open +1 -0', 'p3: open +1 -0'] : ['z1: open +0 -1', 'f2: open +0 -1', 'p3: open +0 -0'],
  })),
  {
    name: 'a new ticket and a comment with files',
    services: ['z', 'f'],
    props: withFiles,
    then: (scene) => {
      create(0)(scene);
      scene.props.attach?.(scene.ticket(0).id, 'log.txt');
      say(0, true)(scene);
      scene.props.attach?.(firstComment(scene, 0).id, 'more.txt');
    },
    shown: ['z1: open +1 -0 log.txt more.txt', 'f2: open +1 -0 log.txt more.txt'],
  },
  {
    name: 'fields that change on two desks',
    services: ['z', 'f', 'h'],
    before: [create(0)],
    then: ({ stage, desk, ticket }) => {
      stage.people.setField(desk(1), ticket(1), 'subject');
      stage.people.setField(desk(0), ticket(0), 'assignee');
    },
    shown: ['z1: open +0 -0', 'f2: open +0 -0', 'h3: open +0 -0'],
  },
  {
    name: 'a comment along with a change, with a file',
    services: ['z', 'z'],
    props: withFiles,
    before: [create(0)],
    then: (scene) => {
      const { stage, desk, ticket } = scene;
      stage.people.setField(desk(0), ticket(0), 'subject');
      say(0, true)(scene);
      scene.props.attach?.(firstComment(scene, 0).id, 'along.txt');
    },
    shown: ['z1: open +1 -0 along.txt', 'z2: open +1 -0 along.txt'],
  },
  ...[true, false].map((isPublic): CrashStory => ({
    name: `a ${isPublic ? 'public' : 'private'} comment along with a change`,
    services: ['z', 'z'],
    before: [create(0)],
    then: (scene) => {
      scene.stage.people.setField(scene.desk(0), scene.ticket(0), 'subject');
      say(0, isPublic)(scene);
    },
    shown: isPublic ? ['z1: open +1 -0', 'z2: open +1 -0'] : ['z1: open +0 -1', 'z2: open +0 -1'],
  })),
  { name: 'a deletion', services: ['z', 'f', 'h'], before: [create(0)], then: remove(0), shown: ['z1:', 'f2:', 'h3:'] },
  { name: 'a deletion on a desk where it is for good', services: ['h', 'z'], before: [create(0)], then: remove(0), shown: ['h1:', 'z2:'] },
  {
    name: 'a deletion that closes',
    services: ['f', 'z'],
    terms: { on_delete: 'close' },
    before: [create(0)],
    then: remove(0),
    shown: ['f1:', 'z2: closed +0 -0'],
  },
  {
    name: 'a restore',
    services: ['z', 'f'],
    before: [create(0), say(0, true), remove(0)],
    then: ({ stage, desk, ticket }) => stage.people.restore(desk(0), ticket(0)),
    shown: ['z1: open +1 -0', 'f2: open +1 -0'],
  },
  {
    name: 'a restore that has to create anew',
    services: ['z', 'y', 'h'],
    before: [create(0), say(0, true), remove(0)],
    then: ({ stage, desk, ticket }) => stage.people.restore(desk(0), ticket(0)),
    shown: ['z1: open +1 -0', 'y2: open +1 -0', 'h3: open +0 -0'],
  },
  {
    name: 'an edited comment',
    services: ['f', 'f'],
    before: [create(0), say(0, true)],
    then: (scene) => scene.stage.people.editComment(scene.desk(0), scene.ticket(0), firstComment(scene, 0)),
    shown: ['f1: open +1 -0', 'f2: open +1 -0'],
  },
  {
    name: 'a deleted comment',
    services: ['f', 'f'],
    before: [create(0), say(0, true), say(0, true)],
    then: (scene) => scene.stage.people.deleteComment(scene.desk(0), scene.ticket(0), firstComment(scene, 0)),
    shown: ['f1: open +1 -0', 'f2: open +1 -0'],
  },
  {
    name: 'a comment that becomes private where its copy can be hidden, and where it is deleted and made again',
    services: ['z', 'z', 'f'],
    before: [create(0), say(0, true)],
    then: (scene) => scene.stage.people.hideComment(scene.desk(0), scene.ticket(0), firstComment(scene, 0)),
    shown: ['z1: open +0 -1', 'z2: open +0 -1', 'f3: open +0 -1'],
  },
  { name: 'a create whose answer is lost, found by its mark', services: ['z', 'f'], props: losesFirst('createTicket'), then: create(0), shown: ['z1: open +0 -0', 'f2: open +0 -0'] },
  { name: 'a create whose answer is lost, repeated under its key', services: ['f', 'z'], props: losesFirst('createTicket'), then: create(0), shown: ['f1: open +0 -0', 'z2: open +0 -0'] },
  {
    name: 'a comment whose answer is lost',
    services: ['z', 'f'],
    props: losesFirst('createComment'),
    before: [create(0)],
    then: say(0, true),
    shown: ['z1: open +1 -0', 'f2: open +1 -0'],
  },
  {
    name: 'an update whose answer is lost',
    services: ['f', 'z'],
    props: losesFirst('updateTicket'),
    before: [create(0)],
    then: ({ stage, desk, ticket }) => stage.people.setField(desk(0), ticket(0), 'subject'),
    shown: ['f1: open +0 -0', 'z2: open +0 -0'],
  },
  {
    name: 'a second copy of a comment, which is ours by proof',
    services: ['z', 'f'],
    before: [create(0), say(0, true)],
    then: (scene) => {
      const copy = firstComment(scene, 1);
      scene.desk(1).addComment(scene.ticket(1), copy, copy.key, copy.author);
      scene.desk(1).emit(scene.ticket(1), 'comment.created');
    },
    shown: ['z1: open +1 -0', 'f2: open +1 -0'],
  },
  {
    name: 'a ticket that goes on from one that is closed for good, which went on from another',
    services: ['f', 'z'],
    terms: { closed: 'follow_up' },
    props: followsUp,
    before: [create(0), ({ stage, desk, ticket }) => stage.people.close(desk(1), ticket(1)), say(0, true)],
    then: (scene) => {
      scene.stage.people.setField(scene.desk(0), scene.ticket(0), 'subject');
      say(0, true)(scene);
    },
    shown: ['f1: closed +2 -0', 'z2: closed +0 -0, closed +1 -0, closed +1 -0'],
    objections: ['3 tickets on z2'],
  },
  {
    name: 'a step that was refused twice, and is released',
    services: ['f', 'z'],
    props: refuses,
    before: [create(0), ({ stage, desk, ticket }) => stage.people.setField(desk(0), ticket(0), 'subject')],
    then: (scene) => {
      scene.props.turn?.();
      releaseSteps(scene);
    },
    shown: ['f1: open +0 -0', 'z2: open +0 -0'],
  },
  {
    name: 'deletions that were held, and are released',
    services: ['z', 'f'],
    before: [create(0), ({ stage }) => void stage.store.accounts.holdDeletions(HELD_ACCOUNT, 'too many at once'), remove(0)],
    yet: ['z1:', 'f2: open +0 -0'],
    then: ({ stage }) => {
      void stage.store.accounts.releaseDeletions(HELD_ACCOUNT, 3_600_000);
      void stage.store.lanes.hasten(HELD_ACCOUNT);
    },
    shown: ['z1:', 'f2:'],
  },
  {
    name: 'what new rules bring, which was held, and is released',
    services: ['z', 'f'],
    terms: { comments: 'none' },
    before: [create(0), say(0, true), ({ stage }) => rule(stage, allWays([1, 2]), { ...USUAL_LIMITS, rules: { count: 0, share: 0 } })],
    yet: ['z1: open +1 -0', 'f2: open +0 -0'],
    then: ({ stage }) => {
      void stage.store.accounts.releaseRules(HELD_ACCOUNT);
      void stage.store.lanes.hasten(HELD_ACCOUNT);
    },
    shown: ['z1: open +1 -0', 'f2: open +1 -0'],
  },
  {
    name: 'history that a backfill brings',
    services: ['z', 'f'],
    backfilling: true,
    before: [longAgo(0), longAgo(1)],
    yet: ['z1: open +1 -0', 'f2: open +1 -0'],
    then: ({ stage }) => {
      const accounts = stage.desks.map(({ account }) => account);
      const draft = { mirror: 'mirror', since: 0, accounts, sources: accounts, pairs: false, per_minute: null, estimate: false };
      void stage.store.backfills.begin(draft, stage.clock.now());
    },
    shown: ['z1: open +1 -0, open +1 -0', 'f2: open +1 -0, open +1 -0'],
  },
];

/** What the desks show at the end, a line each. */
export function shownBy({ stage, props }: Pick<Scene, 'stage' | 'props'>): readonly string[] {
  return stage.desks.map((desk) => {
    const living = [...desk.tickets.values()].filter(lifeOf).map((ticket) => {
      const comments = ticket.comments.filter((comment) => !comment.deleted);
      const open = comments.filter((comment) => comment.public).length;
      const files = [ticket, ...comments].flatMap((of) => props.filesOf?.(of) ?? []);
      return [desk.mesh(ticket, 'status'), `+${open}`, `-${comments.length - open}`, ...files].join(' ');
    });
    return `${desk.name}: ${living.join(', ')}`.trim();
  });
}
