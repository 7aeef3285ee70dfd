/**
 * The budgets of single endpoints and tickets, which Zendesk keeps beside that of the account and tells in headers of their
 * own: `zendesk-ratelimit-per-ticket-updates: total=30; remaining=29; resets=468`. Where one is used up, calls like it fail
 * here, before they are sent, and no other. https://developer.zendesk.com/api-reference/introduction/rate-limits/
 */
import type { IncomingHttpHeaders } from 'node:http';
import { DeskFailure } from '../../ports/connector.ts';
import type { World } from '../../ports/world.ts';
import type { Answer, Http } from '../kit/http.ts';

export interface EndpointBudget {
  readonly name: string;
  readonly remaining: number;
  /** Seconds until it is full again. */
  readonly resets: number;
}

/** Both spellings occur. */
const NAMED = /^zendesk-rate-?limit-(.+)$/;
const TOLD = /remaining=(-?\d{1,9})\b.*\bresets=(\d{1,9})/;
const ACCOUNT = ['ratelimit-remaining', 'rate-limit-remaining', 'x-rate-limit-remaining'];
const LONGEST_MS = 600_000;
const MOST_CLOSED = 2_000;

/** What the answer says of budgets narrower than the account's. */
export function budgetsOf(headers: IncomingHttpHeaders): readonly EndpointBudget[] {
  return Object.entries(headers).flatMap(([header, value]) => {
    const name = NAMED.exec(header)?.[1];
    const told = typeof value === 'string' ? TOLD.exec(value) : null;
    return name === undefined || told === null ? [] : [{ name, remaining: Number(told[1]), resets: Number(told[2]) }];
  });
}

/** Calls that the account has left; null where the answer does not say. */
export function leftInAccount(headers: IncomingHttpHeaders): number | null {
  for (const name of ACCOUNT) {
    const value = headers[name];
    if (typeof value === 'string' && /^-?\d{1,9}$/.test(value)) return Number(value);
  }
  return null;
}

type Call = { readonly endpoint: string; readonly ticket: string | null };

function callOf(method: string, path: string): Call {
  const [place = path] = path.split('?');
  const ticket = method === 'PUT' ? (/^\/tickets\/(\d+)$/.exec(place)?.[1] ?? null) : null;
  return { endpoint: `${method} ${place.replace(/\/\d+(?=\/|$)/g, '/:id')}`, ticket: ticket === null ? null : `ticket ${ticket}` };
}

/** The same calls, held back while a budget of theirs is known to be used up. */
export function withinLimits(http: Http, world: World): Http {
  const closed = new Map<string, number>();

  function close(key: string, until: number): void {
    if (closed.size >= MOST_CLOSED) for (const [old, at] of closed) if (at <= world.now()) closed.delete(old);
    closed.set(key, Math.min(until, world.now() + LONGEST_MS));
  }

  function check({ endpoint, ticket }: Call): void {
    for (const key of ticket === null ? [endpoint] : [endpoint, ticket]) {
      const until = closed.get(key) ?? 0;
      if (until <= world.now()) continue;
      throw new DeskFailure('throttled', `zendesk said that no calls are left for ${key} for now`, { retryAt: until, reach: 'call' });
    }
  }

  function note({ endpoint, ticket }: Call, answer: Answer): void {
    for (const { name, remaining, resets } of budgetsOf(answer.headers)) {
      if (remaining > 0 || resets <= 0) continue;
      close(ticket !== null && name.includes('per-ticket') ? ticket : endpoint, world.now() + resets * 1000);
    }
  }

  async function counted(call: Call, ask: () => Promise<Answer>): Promise<Answer> {
    check(call);
    try {
      const answer = await ask();
      note(call, answer);
      return answer;
    } catch (error) {
      // Which of the two budgets it was is not always told: the narrower one keeps fewer waiting.
      if (error instanceof DeskFailure && error.status === 429 && error.reach === 'call' && error.retryAt !== null) close(call.ticket ?? call.endpoint, error.retryAt);
      throw error;
    }
  }

  return {
    get: (path, headers) => counted(callOf('GET', path), () => http.get(path, headers)),
    look: (path) => counted(callOf('GET', path), () => http.look(path)),
    send: (method, path, sending) => counted(callOf(method, path), () => http.send(method, path, sending)),
    download: (link, options) => http.download(link, options),
    budget: () => http.budget(),
  };
}
