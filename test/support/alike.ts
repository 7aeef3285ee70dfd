/** What should stand on every desk, and what is missing, doubled or wider than it should be. */
import { NAMES, type Name, type Trio } from './trio.ts';
import { until } from './until.ts';

export interface Expected {
  readonly subject: string;
  readonly status?: string;
  readonly priority?: string;
  /** Texts that are found in nothing else. */
  readonly comments: readonly { readonly text: string; readonly public: boolean }[];
}

/** One sentence for everything that is not as it should be; empty when each desk has each ticket and comment exactly once. */
export function differences(trio: Trio, expected: readonly Expected[], names: readonly Name[] = NAMES): readonly string[] {
  return names.flatMap((name) => {
    const tickets = trio.tickets(name);
    const wanted = new Set(expected.map(({ subject }) => subject));
    const strange = tickets.filter(({ subject }) => !wanted.has(subject)).map(({ subject }) => `${name} has ${subject}, which nobody wants there`);
    return [...strange, ...expected.flatMap((ticket) => differencesOf(ticket, name, tickets))];
  });
}

function differencesOf(wanted: Expected, name: Name, all: ReturnType<Trio['tickets']>): readonly string[] {
  const { subject, status, priority } = wanted;
  const found = all.filter((ticket) => ticket.subject === subject);
  const [ticket] = found;
  if (ticket === undefined || found.length > 1) return [`${name} has ${subject} ${found.length} times`];
  const wrong: string[] = [];
  if (status !== undefined && ticket.status !== status) wrong.push(`${name}: ${subject} is ${ticket.status}, not ${status}`);
  if (priority !== undefined && ticket.priority !== priority) wrong.push(`${name}: ${subject} is of priority ${ticket.priority}, not ${priority}`);
  for (const { text, public: open } of wanted.comments) {
    const copies = ticket.comments.filter((comment) => comment.text.includes(text));
    if (copies.length !== 1) wrong.push(`${name}: ${subject} has "${text}" ${copies.length} times`);
    if (copies.some((copy) => copy.public !== open)) wrong.push(`${name}: "${text}" is not ${open ? 'public' : 'private'}`);
  }
  if (ticket.comments.length > wanted.comments.length) wrong.push(`${name}: ${subject} has ${ticket.comments.length} comments instead of ${wanted.comments.length}`);
  return wrong;
}

/** Resolves once all is as expected, with the milliseconds that it took. */
export async function untilAlike(trio: Trio, expected: readonly Expected[], withinMs: number, names: readonly Name[] = NAMES): Promise<number> {
  const began = performance.now();
  let left: readonly string[] = [];
  await until(
    () => {
      left = differences(trio, expected, names);
      return left.length === 0;
    },
    { withinMs, everyMs: 10, what: () => `${left.length} differences, such as ${left.slice(0, 10).join('; ')}` },
  );
  return performance.now() - began;
}

const FEED: Readonly<Record<Name, string>> = {
  helpdesk: 'GET /helpdesk/api/v1/tickets',
  zendesk: 'GET /api/v2/incremental/tickets/cursor',
  freshdesk: 'GET /api/v2/tickets',
};

/** Resolves once every desk has been swept whole at least so many times from now on. */
export async function untilSwept(trio: Trio, times: number, withinMs = 60_000): Promise<void> {
  const asked = (name: Name): number => trio.counts(name).requests[FEED[name]] ?? 0;
  const before = new Map(NAMES.map((name) => [name, asked(name)]));
  // One may be under way now, and Freshdesk is asked three times a sweep: for what lives, for what is in the trash, and for spam.
  const wanted = (name: Name): number => (before.get(name) ?? 0) + (times + 1) * (name === 'freshdesk' ? 3 : 1);
  await until(() => NAMES.every((name) => asked(name) >= wanted(name)), { withinMs, what: `${times} sweeps` });
}
