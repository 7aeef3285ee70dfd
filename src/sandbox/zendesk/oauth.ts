/**
 * OAuth: clients get tokens for a code, for a refresh token or for themselves. A refresh gives a new pair, and the old one is
 * dead from then on, both halves of it. Sources: developer.zendesk.com "OAuth tokens for grant types", "Refresh token";
 * the body of `invalid_grant` from integrators' reports.
 */
import { randomBytes } from 'node:crypto';
import { isoSeconds } from '../kit/clock.ts';
import { Refused, type Call, type Json, type Premises, type Reply, type Route } from '../kit/desk.ts';
import { isJson, isTextList } from '../kit/json.ts';
import { BOT_EMAIL, OAUTH } from './account.ts';
import { missingParameter, notFound } from './errors.ts';
import type { User } from './model.ts';

const DAY_S = 86_400;
const REFRESH_LIFE_S = 30 * DAY_S;
const CODE_LIFE_MS = 120_000;

interface Token {
  readonly id: number;
  readonly access: string;
  readonly refresh: string | null;
  readonly who: string;
  readonly scopes: readonly string[];
  readonly until: number | null;
  readonly refreshUntil: number | null;
  readonly created_at: string;
}

/** Who a bearer is, and what they may do. */
export interface Bearer {
  readonly who: string;
  readonly scopes: readonly string[];
}

export interface OAuth {
  readonly routes: readonly Route[];
  /** Null for a token that is unknown, revoked or past its time. */
  bearer(token: string): Bearer | null;
  reset(): void;
}

/** `accessSeconds` is how long an access token lives when nobody says. */
export function createOAuth(premises: Premises, nextId: () => number, accessSeconds: () => number, caller: (call: Call) => User): OAuth {
  const tokens = new Map<string, Token>();
  const codes = new Map<string, { readonly scopes: readonly string[]; readonly redirect: string; readonly until: number }>();

  function issue(grant: { readonly who: string; readonly scopes: readonly string[]; readonly seconds: number; readonly refreshSeconds: number | null; readonly access?: string; readonly refresh?: string }): Token {
    const now = premises.clock.now();
    const token: Token = {
      id: nextId(),
      access: grant.access ?? randomBytes(32).toString('hex'),
      refresh: grant.refreshSeconds === null ? null : (grant.refresh ?? randomBytes(32).toString('hex')),
      who: grant.who,
      scopes: grant.scopes,
      until: now + grant.seconds * 1000,
      refreshUntil: grant.refreshSeconds === null ? null : now + grant.refreshSeconds * 1000,
      created_at: isoSeconds(now),
    };
    tokens.set(token.access, token);
    return token;
  }

  const refuse = (status: number, error: string, description: string): Refused => new Refused({ status, body: { error, error_description: description } });

  /** JSON or a form, as the vendor takes both. */
  function readBody(call: Call): Json {
    if (!/json/i.test(call.headers['content-type'] ?? '')) return Object.fromEntries(new URLSearchParams(call.raw));
    try {
      const body: unknown = JSON.parse(call.raw);
      return isJson(body) ? body : {};
    } catch {
      return {};
    }
  }
  const scopesOf = (value: unknown): readonly string[] => (isTextList(value) ? value : typeof value === 'string' ? value.split(/[\s,]+/) : []).filter((scope) => scope !== '');

  function grant(call: Call): Reply {
    const body = readBody(call);
    if (body['client_id'] !== OAUTH.client_id || (body['client_secret'] !== undefined && body['client_secret'] !== OAUTH.client_secret)) {
      throw refuse(401, 'invalid_client', 'Client authentication failed due to unknown client, no client authentication included, or unsupported authentication method.');
    }
    const seconds = Number(body['expires_in']) > 0 ? Number(body['expires_in']) : accessSeconds();
    const refreshSeconds = Number(body['refresh_token_expires_in']) > 0 ? Number(body['refresh_token_expires_in']) : REFRESH_LIFE_S;
    const token = issue({ ...grantee(body), seconds, refreshSeconds: body['grant_type'] === 'client_credentials' ? null : refreshSeconds });
    return {
      status: 200,
      body: {
        access_token: token.access,
        ...(token.refresh === null ? {} : { refresh_token: token.refresh, refresh_token_expires_in: refreshSeconds }),
        token_type: 'bearer',
        scope: token.scopes.join(' '),
        expires_in: seconds,
      },
    };
  }

  const BAD_GRANT = 'The provided authorization grant is invalid, expired, revoked, does not match the redirection URI used in the authorization request, or was issued to another client.';

  function grantee(body: Json): { who: string; scopes: readonly string[] } {
    const now = premises.clock.now();
    switch (body['grant_type']) {
      case 'refresh_token': {
        const old = [...tokens.values()].find(({ refresh }) => refresh !== null && refresh === body['refresh_token']);
        if (!old || (old.refreshUntil ?? 0) <= now) throw refuse(400, 'invalid_grant', BAD_GRANT);
        tokens.delete(old.access);
        const scopes = scopesOf(body['scope']);
        return { who: old.who, scopes: scopes.length > 0 ? scopes : old.scopes };
      }
      case 'authorization_code': {
        const code = codes.get(String(body['code']));
        codes.delete(String(body['code']));
        if (!code || code.until <= now || (code.redirect !== '' && code.redirect !== body['redirect_uri'])) throw refuse(400, 'invalid_grant', BAD_GRANT);
        return { who: BOT_EMAIL, scopes: code.scopes };
      }
      case 'client_credentials':
        if (body['client_secret'] === undefined) throw refuse(401, 'invalid_client', 'Client authentication failed');
        return { who: BOT_EMAIL, scopes: scopesOf(body['scope']) };
      default:
        throw refuse(400, 'unsupported_grant_type', 'The authorization grant type is not supported by the authorization server.');
    }
  }

  /** Where the vendor shows a page to sign in on and to agree; here the bot always agrees. */
  function authorise({ query }: Call): Reply {
    const redirect = query.get('redirect_uri') ?? '';
    if (query.get('client_id') !== OAUTH.client_id || query.get('response_type') !== 'code' || !URL.canParse(redirect)) {
      return { status: 400, body: { error: 'invalid_request', error_description: 'The request is missing a required parameter' } };
    }
    const code = randomBytes(16).toString('hex');
    codes.set(code, { scopes: scopesOf(query.get('scope')), redirect, until: premises.clock.now() + CODE_LIFE_MS });
    const target = new URL(redirect);
    target.searchParams.set('code', code);
    if (query.get('state') !== null) target.searchParams.set('state', query.get('state') ?? '');
    return { status: 302, headers: { Location: target.href } };
  }

  const show = (token: Token): Json => ({
    url: `${premises.url()}/api/v2/oauth/tokens/${token.id}.json`,
    id: token.id,
    client_id: 1,
    user_id: null,
    token: `${token.access.slice(0, 10)}`,
    refresh_token: token.refresh?.slice(0, 10) ?? null,
    scopes: token.scopes,
    expires_at: token.until === null ? null : isoSeconds(token.until),
    used_at: null,
    created_at: token.created_at,
  });
  const own = (call: Call): Token[] => [...tokens.values()].filter(({ who }) => who === caller(call).email);
  const named = (call: Call): Token => {
    const found = own(call).find(({ id, access }) => (call.params['id'] === 'current' ? call.headers.authorization === `Bearer ${access}` : String(id) === call.params['id']));
    if (!found) throw new Refused(notFound());
    return found;
  };

  const reset = (): void => {
    tokens.clear();
    codes.clear();
    issue({ who: BOT_EMAIL, scopes: ['read', 'write'], seconds: accessSeconds(), refreshSeconds: REFRESH_LIFE_S, access: OAUTH.access_token, refresh: OAUTH.refresh_token });
  };
  reset();

  return {
    reset,
    bearer(given) {
      const token = tokens.get(given);
      return token === undefined || (token.until !== null && token.until <= premises.clock.now()) ? null : { who: token.who, scopes: token.scopes };
    },
    routes: [
      { method: 'GET', path: '/oauth/authorizations/new', handle: authorise },
      { method: 'POST', path: '/oauth/tokens', reads: 'text', handle: grant },
      { method: 'GET', path: '/api/v2/oauth/tokens', handle: (call) => ({ status: 200, body: { tokens: own(call).map(show), next_page: null, previous_page: null, count: own(call).length } }) },
      { method: 'GET', path: '/api/v2/oauth/tokens/:id', handle: (call) => ({ status: 200, body: { token: show(named(call)) } }) },
      {
        method: 'POST',
        path: '/api/v2/oauth/tokens',
        handle: (call) => {
          const given = isJson(call.body) && isJson(call.body['token']) ? call.body['token'] : null;
          if (given === null) throw missingParameter('token');
          const token = issue({ who: caller(call).email ?? '', scopes: scopesOf(given['scopes']), seconds: accessSeconds(), refreshSeconds: REFRESH_LIFE_S });
          return { status: 201, body: { token: { ...show(token), full_token: token.access, refresh_token: token.refresh } } };
        },
      },
      {
        method: 'DELETE',
        path: '/api/v2/oauth/tokens/:id',
        handle: (call) => {
          tokens.delete(named(call).access);
          return { status: 204 };
        },
      },
    ],
  };
}
