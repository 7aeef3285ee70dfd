/** Who calls: the token in the Authorization header, found by its hash. */
import { hash, randomBytes } from 'node:crypto';
import { AppError } from '../../errors.ts';
import type { Token, TokenStore } from '../../ports/api.ts';
import type { World } from '../../ports/world.ts';
import type { Caller } from './route.ts';

export interface CallerParts {
  readonly tokens: TokenStore;
  readonly world: World;
  /** Requests a minute of a token that has no number of its own. */
  readonly usualRate: number;
  /** The token in the setting API_TOKEN, as its hash; null without one. It reaches everything, and is kept nowhere. */
  readonly settingHash: string | null;
}

export interface Callers {
  /** Rejects with `authentication_required`, `unauthorized` or `invalid_token`. */
  of(authorization: string | undefined): Promise<Caller>;
  /** A token was deleted, or made anew: it is looked up again. */
  forget(tokenId: string): void;
}

/** How long a token that was found is not looked up again: so long a deleted one may still work in another process. */
const REMEMBERED_MS = 2_000;
const MOST_REMEMBERED = 1_000;
const LONGEST_TOKEN = 1_000;

interface Known {
  readonly caller: Caller;
  readonly until: number;
}

export function hashOf(token: string): string {
  return hash('sha256', token, 'hex');
}

/** A new token: 256 bits of chance, and how it begins says whose it is. */
export function newToken(): string {
  return `dmt_${randomBytes(32).toString('base64url')}`;
}

export function hintOf(token: string): string {
  return `…${token.slice(-4)}`;
}

export function createCallers({ tokens, world, usualRate, settingHash }: CallerParts): Callers {
  const known = new Map<string, Known>();
  const setting: Caller = { id: 'setting', name: 'API_TOKEN', account_id: null, read_only: false, requests_per_minute: usualRate };

  async function find(hashed: string): Promise<Caller | null> {
    const now = world.now();
    const remembered = known.get(hashed);
    if (remembered !== undefined && remembered.until > now) return remembered.caller;
    known.delete(hashed);
    const token = await tokens.byHash(hashed);
    if (token === null) return null;
    const caller = callerOf(token, usualRate);
    if (known.size >= MOST_REMEMBERED) known.delete(known.keys().next().value ?? '');
    known.set(hashed, { caller, until: now + REMEMBERED_MS });
    if (token.used === null || now - token.used > 60_000) {
      void tokens.used([token.id]).catch((error: unknown) => world.log.debug('api.use_not_noted', { message: String(error) }));
    }
    return caller;
  }

  return {
    async of(authorization) {
      const hashed = hashOf(tokenIn(authorization));
      const caller = hashed === settingHash ? setting : await find(hashed);
      if (caller === null) throw denied('invalid_token', 'This token is not known here, or was deleted.');
      return caller;
    },
    forget(tokenId) {
      for (const [hashed, { caller }] of known) if (caller.id === tokenId) known.delete(hashed);
    },
  };
}

export function callerOf(token: Token, usualRate: number): Caller {
  const { id, name, account_id: account, read_only: readOnly, requests_per_minute: most } = token;
  return { id, name, account_id: account, read_only: readOnly, requests_per_minute: most ?? usualRate };
}

/** Old clients write `Bearer` for the token of one account and `APIKey` for one of all, in any case; either is taken for either. */
function tokenIn(authorization: string | undefined): string {
  if (authorization === undefined || authorization.trim() === '') {
    throw denied('authentication_required', 'Who is asking? Send Authorization: Bearer <token>, or APIKey <token>.');
  }
  const [, token] = /^(?:bearer|apikey) +([\x21-\x7e]+) *$/i.exec(authorization) ?? [];
  if (token === undefined || token.length > LONGEST_TOKEN) {
    throw denied('unauthorized', 'The Authorization header is not understood: send Bearer <token>, or APIKey <token>.');
  }
  return token;
}

function denied(code: 'authentication_required' | 'unauthorized' | 'invalid_token', message: string): AppError {
  return new AppError(code, message, { headers: { 'WWW-Authenticate': 'Bearer realm="deskmesh"' } });
}
