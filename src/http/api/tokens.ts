/** Keys to the API: made, listed and deleted; and what the one in hand may do. */
import { AppError } from '../../errors.ts';
import type { Token, TokenStore } from '../../ports/api.ts';
import type { Roster } from '../../engine/roster.ts';
import { iso } from './accounts-view.ts';
import { callerOf, hashOf, hintOf, newToken, type Callers } from './callers.ts';
import { invalid } from './input.ts';
import { listFrom, PAGE_PARAMETERS, pageBody, type Sealer } from './listing.ts';
import type { Call, Reply, Route } from './route.ts';
import type { Href } from './tickets-view.ts';

export interface TokenRoutes {
  readonly tokens: TokenStore;
  readonly callers: Callers;
  readonly roster: Roster;
  readonly usualRate: number;
  /** What old clients compare with the id that they were given. */
  readonly appId: string;
  readonly sealer: Sealer;
  readonly href: Href;
}

/** A body of `token-create`. */
interface TokenBody {
  readonly name: string;
  readonly scope: 'all' | 'account';
  readonly account_id?: number;
  readonly read_only?: boolean;
  readonly requests_per_minute?: number;
}

const LIST = '/v1/tokens';
const ONE = `${LIST}/{token_id}`;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function tokenRoutes({ tokens, callers, roster, usualRate, appId, sealer, href }: TokenRoutes): readonly Route[] {
  function shown(token: Token): object {
    const { requests_per_minute: rate } = callerOf(token, usualRate);
    return {
      id: token.id,
      api: 'core',
      type: 'token',
      href: href(`${LIST}/${token.id}`),
      name: token.name,
      scope: token.account_id === null ? 'all' : 'account',
      account_id: token.account_id,
      read_only: token.read_only,
      requests_per_minute: rate,
      hint: token.hint,
      created_at: iso(token.created),
      used_at: token.used === null ? null : iso(token.used),
    };
  }

  async function make(call: Call): Promise<Reply> {
    const { name, scope, account_id: account = null, read_only: readOnly = false, requests_per_minute: rate = null } = call.body as TokenBody;
    if (scope === 'account' && account === null) throw invalid([{ path: '/account_id', message: 'This is missing: a token of scope account is for one.' }]);
    if (scope === 'all' && account !== null) throw invalid([{ path: '/account_id', message: 'This is not allowed here: a token of scope all is for every account.' }]);
    if (account !== null && roster.byId(account) === null) throw invalid([{ path: '/account_id', message: 'There is no such account.' }]);
    const secret = newToken();
    // Made again by a request that was cut off before its answer, it has the same id: no second token is left behind.
    const draft = { id: call.once.id, name, account_id: account, read_only: readOnly, requests_per_minute: rate, hint: hintOf(secret), hash: hashOf(secret) };
    return { status: 201, body: { ...shown(await tokens.put(draft)), token: secret } };
  }

  async function list(call: Call): Promise<Reply> {
    const { page, page_size: size } = call.query as { readonly page?: string; readonly page_size: number };
    const { items, next } = await listFrom({
      sealer, context: 'page:tokens', page, size,
      async read(before) {
        const found = await tokens.list(before, size);
        return { items: found, next: found.length < size ? null : (found.at(-1)?.id ?? null) };
      },
    });
    return { status: 200, body: pageBody('core', page, items.map(shown), next) };
  }

  async function found(call: Call): Promise<Token> {
    const id = call.params['token_id'] ?? '';
    const token = UUID.test(id) ? await tokens.byId(id) : null;
    if (token === null) throw new AppError('not_found', 'There is no such token.');
    return token;
  }

  async function remove(call: Call): Promise<Reply> {
    const { id } = await found(call);
    await tokens.remove(id);
    callers.forget(id);
    return { status: 204 };
  }

  const shared = { tag: 'Tokens', scope: 'all', errors: [] } as const;
  return [
    {
      ...shared, scope: 'any', method: 'GET', path: '/v1/oauth/token', operation: 'checkToken', summary: 'Check a token',
      about: 'A token that is not known is a bad request here: old clients take nothing but 400 as the word that it is not valid.', unknownToken: 'bad_request',
      answers: { 200: { about: 'What the token of this request may do.', schema: 'oauth-token' } },
      async handle({ caller }) {
        const scope = `${caller.account_id === null ? 'all' : 'account'}${caller.read_only ? ':read' : ''}`;
        return { status: 200, body: { client_id: appId, account_id: caller.account_id, scope, token_type: 'Bearer', expires_in: null } };
      },
    },
    { ...shared, method: 'GET', path: LIST, operation: 'listTokens', summary: 'List tokens', query: PAGE_PARAMETERS, answers: { 200: { about: 'One page, the newest first.', schema: 'token-list' } }, handle: list },
    {
      ...shared, method: 'POST', path: LIST, operation: 'createToken', summary: 'Make a token', body: { json: 'token-create' },
      about: 'The answer is the only one that shows the token.', answers: { 201: { about: 'The token.', schema: 'token-made' } }, handle: make,
    },
    {
      ...shared, method: 'GET', path: ONE, operation: 'retrieveToken', summary: 'Retrieve a token', answers: { 200: { about: 'The token, without itself.', schema: 'token' } },
      handle: async (call) => ({ status: 200, body: shown(await found(call)) }),
    },
    {
      ...shared, method: 'DELETE', path: ONE, operation: 'deleteToken', summary: 'Delete a token',
      about: 'Other processes may still take it for two seconds.', answers: { 204: { about: 'It is deleted.', schema: null } }, handle: remove,
    },
  ];
}
