/**
 * Limits that Freshdesk keeps for single kinds of calls within the account's: new tickets, ticket updates, lists of tickets
 * and of contacts. No header tells them; a 429 though the account has calls left means that one of them is used up. Calls of
 * that kind fail here until then, before they are sent, and no other. https://developers.freshdesk.com/api/#ratelimit
 */
import type { IncomingHttpHeaders } from 'node:http';
import { DeskFailure } from '../../ports/connector.ts';
import type { World } from '../../ports/world.ts';
import type { Answer, Http } from '../kit/http.ts';

/** Whether the account as a whole has calls left, as far as the answer says; values like `99.0` occur. */
export function hasCallsLeft(headers: IncomingHttpHeaders): boolean {
  const left = headers['x-ratelimit-remaining'];
  return typeof left === 'string' && Number.parseFloat(left) > 0;
}

/** Calls with the same kind share a limit. */
export function kindOf(method: string, path: string): string {
  const [place = path] = path.split('?');
  return `${method} ${place.replace(/\/\d+(?=\/|$)/g, '/:id')}`;
}

/** The same calls, held back while their kind is known to be used up. */
export function withinLimits(http: Http, world: World): Http {
  const closed = new Map<string, number>();

  async function counted(kind: string, ask: () => Promise<Answer>): Promise<Answer> {
    const until = closed.get(kind) ?? 0;
    if (until > world.now()) throw new DeskFailure('throttled', `freshdesk said that no calls are left for ${kind} for now`, { retryAt: until, reach: 'call' });
    try {
      return await ask();
    } catch (error) {
      if (error instanceof DeskFailure && error.kind === 'throttled' && error.reach === 'call' && error.retryAt !== null) closed.set(kind, error.retryAt);
      throw error;
    }
  }

  return {
    get: (path, headers) => counted(kindOf('GET', path), () => http.get(path, headers)),
    look: (path) => counted(kindOf('GET', path), () => http.look(path)),
    send: (method, path, sending) => counted(kindOf(method, path), () => http.send(method, path, sending)),
    download: (link, options) => http.download(link, options),
    budget: () => http.budget(),
  };
}
