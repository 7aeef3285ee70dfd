/** The story: what people do on their desks, what goes wrong meanwhile, and what should come of it. */
import got from 'got';
import type { Fault, SandboxDesk } from '../../sandbox/index.ts';
import { hireAgent, type Agent, type Edit, type NewTicket } from './agents.ts';
import { judge, type DoneTicket, type SaidComment } from './judge.ts';
import type { DeskView } from './views.ts';
import type { Watch } from './watch.ts';

export interface StoryPorts {
  readonly desks: readonly SandboxDesk[];
  readonly watch: Watch;
  readonly signal: AbortSignal;
  /** By `performance.now()`: when all of it must be over. */
  readonly deadline: number;
  chapter(title: string): void;
  /** Something of the stage rather than of people: a fault begins or ends, something was proved. */
  aside(desk: string | null, text: string): void;
}

export interface Story {
  /** What people have done so far. */
  readonly done: readonly DoneTicket[];
  /** Rejects with `Overdue` when the desks do not become alike in time. */
  play(): Promise<void>;
}

const BEN = 'ben@example.com';
const CARLA = { name: 'Carla Customer', email: 'carla@customer.example' };
const DAVE = { name: 'Dave Customer', email: 'dave@customer.example' };

const FIRE = 'Printer is on fire';
const PRIZE = 'You have won a prize';
const LOGIN = 'Cannot log in';
const INVOICE = 'The invoice is wrong';
const PARCEL = 'Where is my parcel?';

/** An outage lasts so long at least, and until the desk has turned so many calls down. */
const OUTAGE_MS = 3_000;
const TURNED_DOWN = 3;
/** Nothing more happens when nothing has happened for so long: longer than a sweep takes to come round. */
const STILL_MS = 2_500;

export function createStory({ desks, watch, signal, deadline, chapter, aside }: StoryPorts): Story {
  const tickets = new Map<string, DoneTicket>();
  const done = (): readonly DoneTicket[] => [...tickets.values()];

  const deskNamed = (name: string): SandboxDesk => {
    const desk = desks.find(({ service }) => service === name);
    if (desk === undefined) throw new Error(`the demo has no desk ${name}`);
    return desk;
  };
  const viewNamed = (name: string): DeskView | undefined => watch.views.find(({ desk }) => desk === name);
  const agents = new Map(desks.map((desk) => [desk.service, hireAgent(desk, (email) => viewNamed(desk.service)?.ids.get(email) ?? '', signal)]));
  const agentAt = (name: string): Agent => agents.get(name) ?? hireAgent(deskNamed(name), () => '', signal);
  const idAt = (name: string, subject: string): string => viewNamed(name)?.tickets.find((ticket) => ticket.subject === subject)?.id ?? '';
  const note = (subject: string, change: Partial<DoneTicket>): void => {
    const ticket = tickets.get(subject);
    if (ticket !== undefined) tickets.set(subject, { ...ticket, ...change });
  };

  async function open(desk: string, ticket: NewTicket): Promise<void> {
    await agentAt(desk).open(ticket);
    const { subject, description, priority, tags } = ticket;
    tickets.set(subject, { desk, subject, description, priority, tags, status: 'open', assignee: null, comments: [], deletedOn: null });
  }
  async function comment(desk: string, subject: string, said: Omit<SaidComment, 'desk'>): Promise<void> {
    await agentAt(desk).comment(idAt(desk, subject), said);
    note(subject, { comments: [...(tickets.get(subject)?.comments ?? []), { desk, ...said }] });
  }
  async function edit(desk: string, subject: string, { status, assignee, tag }: Edit): Promise<void> {
    await agentAt(desk).edit(idAt(desk, subject), { ...(status && { status }), ...(assignee && { assignee }), ...(tag && { tag }) });
    note(subject, {
      ...(status && { status }),
      ...(assignee && { assignee }),
      ...(tag && { tags: [...(tickets.get(subject)?.tags ?? []), tag] }),
    });
  }
  async function remove(desk: string, subject: string): Promise<void> {
    await agentAt(desk).remove(idAt(desk, subject));
    note(subject, { deletedOn: desk });
  }
  const stageFault = async (desk: string, fault: Fault): Promise<void> => {
    await got.post(`${deskNamed(desk).url}/__sandbox/faults`, { json: fault, signal, retry: { limit: 0 } });
  };

  const alike = (views: readonly DeskView[]): boolean => judge(done(), views).problems.length === 0;
  const untilAlike = (): Promise<void> => watch.until(alike, 'the desks did not become alike', deadline);

  async function outage(desk: string, meanwhile: () => Promise<void>): Promise<void> {
    const others = (views: readonly DeskView[]): readonly DeskView[] => views.filter((view) => view.desk !== desk);
    const before = viewNamed(desk)?.faultCount ?? 0;
    await stageFault(desk, { kind: 'status', status: 500 });
    aside(desk, 'answers 500 to every call');
    const began = performance.now();
    await meanwhile();
    await watch.until((views) => alike(others(views)), `the other desks did not become alike while ${desk} was down`, deadline);
    aside(null, `the other desks are alike ${seconds(performance.now() - began)} later: they do not wait for ${desk}`);
    const struck = (views: readonly DeskView[]): number => (views.find((view) => view.desk === desk)?.faultCount ?? 0) - before;
    const longEnough = (views: readonly DeskView[]): boolean => struck(views) >= TURNED_DOWN && performance.now() - began >= OUTAGE_MS;
    await watch.until(longEnough, `${desk} was not called often while it was down`, deadline);
    await stageFault(desk, { kind: 'none' });
    aside(desk, `works again, after turning ${struck(watch.views)} calls down`);
    await untilAlike();
  }

  /** Looks on until no desk was written to and no webhook was under way for a while: echoes would show now. */
  async function untilStill(): Promise<void> {
    let seen = -1;
    let since = performance.now();
    const still = (views: readonly DeskView[]): boolean => {
      const writes = views.reduce((sum, { writeCount }) => sum + writeCount, 0);
      if (writes !== seen || views.some(({ webhooksWaiting }) => webhooksWaiting > 0)) since = performance.now();
      seen = writes;
      return performance.now() - since >= STILL_MS;
    };
    await watch.until(still, 'the desks did not come to rest', deadline + STILL_MS);
  }

  async function play(): Promise<void> {
    chapter('Tickets are opened on two desks, and appear on the others');
    await open('zendesk', { subject: FIRE, description: 'It smells on the whole third floor.', priority: 'high', tags: ['printer'], customer: CARLA });
    await open('helpdesk', { subject: PRIZE, description: 'Send your card number to claim it.', priority: 'low', tags: [], customer: DAVE });
    await untilAlike();

    chapter('Agents of other desks answer, in public and in private');
    await comment('freshdesk', FIRE, { text: 'Somebody with an extinguisher is on the way.', public: true });
    await comment('helpdesk', FIRE, { text: 'Third fire this year. Talk to the vendor.', public: false });
    await untilAlike();

    chapter('Three desks change the same ticket in the same moment');
    await Promise.all([
      edit('zendesk', FIRE, { assignee: BEN }),
      edit('freshdesk', FIRE, { status: 'pending' }),
      edit('helpdesk', FIRE, { tag: 'escalated' }),
    ]);
    await untilAlike();

    chapter('Freshdesk goes down; work goes on elsewhere, and reaches it once it is back');
    await outage('freshdesk', async () => {
      await open('zendesk', { subject: LOGIN, description: 'My password is not taken any more.', priority: 'urgent', tags: ['login'], customer: CARLA });
      await open('helpdesk', { subject: INVOICE, description: 'It shows the year before last.', priority: 'normal', tags: ['billing'], customer: DAVE });
      await comment('zendesk', FIRE, { text: 'The fire is out.', public: true });
    });

    chapter('A webhook is lost, and so is the answer to a create: still one ticket on each desk');
    await stageFault('freshdesk', { kind: 'drop', times: 1 });
    aside('freshdesk', 'loses its next webhook: the sweep has to find what it said');
    await stageFault('helpdesk', { kind: 'lost-response', method: 'POST', path: '/tickets', times: 1 });
    aside('helpdesk', 'does the next create, and cuts the line before it answers');
    await open('freshdesk', { subject: PARCEL, description: 'It was due on Monday.', priority: 'normal', tags: [], customer: CARLA });
    await untilAlike();

    chapter('One ticket is solved, another is deleted');
    await Promise.all([edit('helpdesk', FIRE, { status: 'resolved' }), remove('freshdesk', PRIZE)]);
    await untilAlike();
    aside(null, 'the desks are alike; now nothing more may happen');
    await untilStill();
  }

  return {
    get done() {
      return done();
    },
    play,
  };
}

export const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
