/**
 * The way to one Zendesk with the credentials that it accepts now: an API token, or OAuth tokens, which are renewed when the
 * desk says that they are no longer good. A renewal kills both old tokens, so it is done by one caller at a time (here and,
 * through the vault, in all processes), and stored before it is used.
 * https://developer.zendesk.com/documentation/api-basics/authentication/refresh-token/
 */
import { DeskFailure, type Account, type RawAnswer, type RawCall, type Vault } from '../../ports/connector.ts';
import type { World } from '../../ports/world.ts';
import { notDone } from '../kit/failure.ts';
import { openHttp, parseJson, type Answer, type Http, type Sending } from '../kit/http.ts';
import { openPass } from '../kit/pass.ts';
import { complaints } from './complaints.ts';
import { withinLimits } from './limits.ts';
import { granted } from './setup-shapes.ts';

type Credentials = Account['credentials'];

interface Connection {
  readonly credentials: Credentials;
  readonly http: Http;
  readonly pass: Pass;
}

type Pass = (call: RawCall) => Promise<RawAnswer>;

export interface Session {
  readonly http: Http;
  /** Passes a call on with the credentials that are good now. */
  readonly pass: Pass;
}

/** Said by the gate before anything else looks at the request: it proves that nothing was done. */
const NOT_LET_IN = 'invalid_token';

export function openSession(account: Account, world: World, vault?: Vault): Session {
  const service = 'zendesk';
  const secrets = new Set([account.hook_token, ...account.inbound_secrets]);
  const know = (credentials: Credentials): void => {
    for (const secret of [...Object.values(credentials), basicOf(credentials)]) secrets.add(secret);
  };

  const connect = (credentials: Credentials): Connection => {
    know(credentials);
    const headers = { authorization: credentials.access_token === undefined ? `Basic ${basicOf(credentials)}` : `Bearer ${credentials.access_token}` };
    return {
      credentials,
      http: openHttp({ service, base: `${account.url}/api/v2`, headers, secrets: [...secrets], complaints: (answer) => complaints(answer, () => world.random()), world }),
      pass: openPass({ service, base: account.url, headersFor: () => headers, secrets: [...secrets], world }),
    };
  };

  async function refresh(current: Credentials): Promise<Credentials> {
    know(current);
    const { refresh_token, client_id, client_secret } = current;
    // Whatever the gate does not accept here, only a person can mend.
    const tokens = openHttp({
      service, base: account.url, headers: {}, secrets: [...secrets], world,
      complaints: (answer) => ({ ...complaints(answer, () => world.random()), ...(answer.status === 400 && { kind: 'unauthorised' }) }),
    });
    const json = { grant_type: 'refresh_token', refresh_token, client_id, client_secret };
    const grant = granted(await tokens.send('POST', '/oauth/tokens', { json }));
    world.log.info('zendesk.tokens_renewed', { account: account.name });
    return { ...current, access_token: grant.access_token, refresh_token: grant.refresh_token ?? refresh_token ?? '' };
  }

  let connection = connect(account.credentials);
  let renewing: Promise<void> | null = null;

  /** Resolves to true when there are credentials that `used` was not; rejects when a renewal failed. */
  async function renewed(used: Connection): Promise<boolean> {
    if (connection !== used) return true;
    const { refresh_token, client_id, client_secret } = used.credentials;
    if (vault === undefined || refresh_token === undefined || client_id === undefined || client_secret === undefined) return false;
    renewing ??= notDone(() => vault.renewed(account.id, used.credentials, refresh))
      .then((credentials) => {
        connection = connect(credentials);
      })
      .finally(() => {
        renewing = null;
      });
    await renewing;
    return true;
  }

  /** A read is asked again with renewed credentials, once. */
  async function reading<T>(ask: (http: Http) => Promise<T>): Promise<T> {
    const used = connection;
    try {
      return await ask(used.http);
    } catch (error) {
      if (!wasNotLetIn(error) || !(await renewed(used))) throw error;
      return ask(connection.http);
    }
  }

  async function send(method: Parameters<Http['send']>[0], path: string, sending: Sending = {}): Promise<Answer> {
    const used = connection;
    try {
      return await used.http.send(method, path, sending);
    } catch (error) {
      if (!wasNotLetIn(error) || !(await renewed(used))) throw error;
      if (error.code !== NOT_LET_IN) throw new DeskFailure('unsure', error.message, { status: error.status, code: error.code });
      // A stream has been read by now: its sender opens it once more.
      if (isStream(sending)) throw new DeskFailure('unavailable', 'not sent: the credentials have only just been renewed', { code: error.code });
      return connection.http.send(method, path, sending);
    }
  }

  async function pass(call: RawCall): Promise<RawAnswer> {
    const used = connection;
    const answer = await used.pass(call);
    if (answer.status !== 401 || codeOf(answer) !== NOT_LET_IN || !(await renewed(used).catch(() => false))) return answer;
    return connection.pass(call);
  }

  const session: Http = {
    get: (path, headers) => reading((http) => http.get(path, headers)),
    look: (path) => reading((http) => http.look(path)),
    send,
    download: (link, options) => reading((http) => http.download(link, options)),
    budget: () => connection.http.budget(),
  };
  return { http: withinLimits(session, world), pass };
}

function basicOf({ email, token }: Credentials): string {
  return Buffer.from(`${email ?? ''}/token:${token ?? ''}`).toString('base64');
}

function wasNotLetIn(error: unknown): error is DeskFailure {
  return error instanceof DeskFailure && error.status === 401;
}

function codeOf({ body }: RawAnswer): unknown {
  const said = parseJson(Buffer.from(body).toString('utf8'));
  return typeof said === 'object' && said !== null ? Reflect.get(said, 'error') : undefined;
}

function isStream({ body }: Sending): boolean {
  return body !== undefined && typeof body !== 'string' && !Buffer.isBuffer(body);
}
