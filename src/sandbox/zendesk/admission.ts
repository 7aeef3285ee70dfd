/**
 * Who is let in, as whom, and to what. Sources: developer.zendesk.com "Security and authentication", "Making API requests on
 * behalf of end users", recorded answers (the anonymous user, missing scopes).
 */
import type { Call, Reply } from '../kit/desk.ts';
import { TOKEN_BOT, TOKEN_HUMAN } from './account.ts';
import { badBearer, forbidden, missingScopes, unauthorised } from './errors.ts';
import type { User } from './model.ts';
import type { Bearer, OAuth } from './oauth.ts';
import type { People } from './people.ts';
import type { Store } from './store.ts';

type Admission = { readonly who: string } | { readonly refusal: Reply };

/** What customers may call besides what is for nobody in particular. */
const FOR_END_USERS = /^\/api\/v2\/(requests|uploads|attachments|users\/me)(\/|$)/;
const OPEN = /^(\/oauth\/(tokens|authorizations\/new)|\/api\/v2\/ips)$/;
/** Resources that have scopes of their own; audits are not among them. */
const RESOURCES: readonly string[] = ['tickets', 'users', 'organizations', 'webhooks', 'triggers', 'requests', 'attachments', 'uploads', 'groups'];

export function createAdmission(parts: { readonly people: People; readonly store: Store; readonly oauth: OAuth }): (call: Call) => Admission {
  const { people, store, oauth } = parts;

  /** `{email}/token:{api token}`; a token is the account's, so it goes with anybody's address, customers' too. */
  function basic(encoded: string): User | undefined {
    const [, email, token] = /^([^/]+)\/token:(.*)$/s.exec(Buffer.from(encoded, 'base64').toString('utf8')) ?? [];
    const user = email === undefined ? undefined : people.findByEmail(email);
    return user?.active === true && !user.suspended && (token === TOKEN_BOT || token === TOKEN_HUMAN) ? user : undefined;
  }

  function needs({ method, path }: Call): { readonly wide: string; readonly narrow: string | null } {
    const wide = method === 'GET' ? 'read' : 'write';
    const segments = path.split('/').slice(3);
    const resource = segments.includes('audits') || segments[0] === undefined ? null : RESOURCES.includes(segments[0]) ? segments[0] : null;
    return { wide, narrow: resource === null ? null : `${resource}:${wide}` };
  }

  function scoped(call: Call, { who, scopes }: Bearer): Admission {
    const { wide, narrow } = needs(call);
    const allowed = scopes.includes(wide) || (narrow !== null && scopes.includes(narrow));
    return allowed ? { who } : { refusal: missingScopes(wide) };
  }

  /** An administrator may act as somebody else; with a token only if it has that scope. */
  function onBehalf(call: Call, who: string, scopes: readonly string[] | null): Admission {
    const given = call.headers['x-on-behalf-of'];
    if (typeof given !== 'string' || given === '') return { who };
    const other = people.findByEmail(given) ?? store.users.get(Number(given));
    const may = people.findByEmail(who)?.role === 'admin' && (scopes === null || scopes.includes('impersonate'));
    return may && other?.email != null ? { who: other.email } : { refusal: forbidden() };
  }

  return (call) => {
    const header = call.headers.authorization ?? '';
    const encoded = /^basic (.+)$/i.exec(header)?.[1];
    const token = /^bearer (.+)$/i.exec(header)?.[1];
    if (OPEN.test(call.path)) return { who: '' };
    const bearer = token === undefined ? null : oauth.bearer(token);
    const user = encoded === undefined ? undefined : basic(encoded);
    if (token !== undefined && bearer === null) return { refusal: badBearer() };
    if (bearer === null && user === undefined) {
      // The trap: nobody, or somebody with a wrong password, is told 200 here; only a wrong API token is refused.
      const triesToken = encoded !== undefined && Buffer.from(encoded, 'base64').toString('utf8').includes('/token:');
      const forAnybody = call.path === '/api/v2/users/me' || call.path.startsWith('/attachments/token/') || (call.path === '/api/v2/requests' && call.method === 'POST');
      return forAnybody && !triesToken ? { who: '' } : { refusal: unauthorised() };
    }
    const admitted: Admission = bearer === null ? { who: user?.email ?? '' } : call.path.startsWith('/attachments/') ? { who: bearer.who } : scoped(call, bearer);
    if ('refusal' in admitted) return admitted;
    const acting = onBehalf(call, admitted.who, bearer?.scopes ?? null);
    if ('refusal' in acting) return acting;
    const isCustomer = people.findByEmail(acting.who)?.role === 'end-user';
    return isCustomer && !FOR_END_USERS.test(call.path) && !call.path.startsWith('/attachments/') ? { refusal: forbidden() } : acting;
  };
}
