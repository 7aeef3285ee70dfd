/** Users: who calls, who may, and `users.xml`. Source: the vendor's page "REST API: Users", 2009 to 2011. */
import type { IncomingHttpHeaders } from 'node:http';
import { isoSeconds } from '../kit/clock.ts';
import { Refused, type Call, type Premises, type Reply } from '../kit/desk.ts';
import { EMAIL, wholeNumber } from '../kit/json.ts';
import { leaf, list, record, type Element } from './document.ts';
import { forbidden, invalid, missing, noMoreUsers } from './errors.ts';
import { CUSTOMER_PASSWORD, organizationOf, TOKEN_BOT, TOKEN_HUMAN, type Store, type User } from './model.ts';
import { readRoot, textAt, type Branch } from './reading.ts';
import { showUser } from './show.ts';

export interface People {
  /** The user whose credentials these are, or for whom an agent acts; null if they are nobody's. */
  authenticate(headers: IncomingHttpHeaders): User | null;
  caller(call: Call): User;
  /** The caller, who has to be an agent. */
  agent(call: Call): User;
  /** Finds the user with this address, or makes one, as long as the account may have more. */
  register(name: string | null, email: string): User;
  byTwitter(name: string): User;
  list(call: Call): Element;
  show(call: Call): Element;
  current(call: Call): Element;
  create(call: Call): Reply;
  identities(call: Call): Element;
}

const PAGE = 15;

export function createPeople(parts: {
  readonly store: Store;
  readonly premises: Premises;
  readonly nextId: () => number;
  /** Users that the account may have; null for no limit. */
  readonly maxUsers: () => number | null;
}): People {
  const { store, premises } = parts;

  const add = (name: string, email: string | null, twitter: string | null, role: User['role'] = 0): User => {
    const limit = parts.maxUsers();
    if (limit !== null && store.users.size >= limit) throw new Refused(noMoreUsers());
    const user: User = { id: parts.nextId(), name, email, twitter, role, organization_id: organizationOf(email), password: null, created_at: isoSeconds(premises.clock.now()) };
    store.users.set(user.id, user);
    return user;
  };

  const signedIn = (headers: IncomingHttpHeaders): User | null => {
    const encoded = /^basic (.+)$/i.exec(headers.authorization ?? '')?.[1];
    if (encoded === undefined) return null;
    const [, name = '', secret = ''] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded, 'base64').toString('utf8')) ?? [];
    const byToken = name.endsWith('/token');
    const user = store.byEmail(byToken ? name.slice(0, -'/token'.length) : name);
    if (!byToken && secret === CUSTOMER_PASSWORD) {
      if (user === undefined && EMAIL.test(name)) return add(name.replace(/@.*$/, ''), name, null);
      return user?.role === 0 ? user : null;
    }
    if (user === undefined) return null;
    return (byToken ? secret === TOKEN_BOT || secret === TOKEN_HUMAN : user.password !== null && secret === user.password) ? user : null;
  };

  const people: People = {
    authenticate(headers) {
      const user = signedIn(headers);
      const onBehalf = headers['x-on-behalf-of'];
      if (user === null || typeof onBehalf !== 'string') return user;
      return user.role === 0 ? null : (store.byEmail(onBehalf.trim()) ?? null);
    },
    caller(call) {
      const user = people.authenticate(call.headers);
      if (user === null) throw new Refused(forbidden());
      return user;
    },
    agent(call) {
      const user = people.caller(call);
      if (user.role === 0) throw new Refused(forbidden());
      return user;
    },
    register(name, email) {
      const known = store.byEmail(email);
      if (known !== undefined) return known;
      if (!EMAIL.test(email)) throw invalid([`Requester Email: ${email} is not a valid e-mail address`]);
      if (name === null) throw invalid(['Requester Name: is too short (minimum one character)']);
      return add(name, email, null);
    },
    byTwitter: (name) => [...store.users.values()].find(({ twitter }) => twitter === name) ?? add(name.replace(/^@/, ''), null, name),
    list(call) {
      people.agent(call);
      const query = (call.query.get('query') ?? '').toLowerCase();
      const role = call.query.get('role');
      const page = wholeNumber(call.query.get('page') ?? '1') ?? 1;
      const found = [...store.users.values()].filter(
        (user) => (role === null || String(user.role) === role) && (query === '' || user.name.toLowerCase().includes(query) || (user.email ?? '').toLowerCase().includes(query)),
      );
      return list('users', found.slice((page - 1) * PAGE, page * PAGE).map(showUser), { type: 'array', count: String(found.length) });
    },
    show(call) {
      people.agent(call);
      return showUser(find(call));
    },
    current: (call) => showUser(people.caller(call)),
    create(call) {
      people.agent(call);
      const given: Branch = readRoot(call);
      const name = textAt(given, 'name') ?? null;
      const email = textAt(given, 'email') ?? null;
      const role = Number(textAt(given, 'roles') ?? 0);
      if (name === null) throw invalid(['Name: is too short (minimum one character)']);
      if (email !== null && !EMAIL.test(email)) throw invalid([`Email: ${email} is not a valid e-mail address`]);
      if (email !== null && store.byEmail(email) !== undefined) throw invalid([`Email: ${email} is already being used by another user`]);
      const user = add(name, email, null, role === 2 || role === 4 ? role : 0);
      return { status: 201, text: ' ', headers: { Location: `${user.id}.xml` } };
    },
    identities(call) {
      people.agent(call);
      const user = find(call);
      const of = (type: string, value: string | null): Element[] =>
        value === null ? [] : [record('record', [leaf('account-id', 1), leaf('id', user.id * 10 + (type === 'UserEmailIdentity' ? 1 : 2)), leaf('is-verified', true), leaf('user-id', user.id), leaf('value', value), leaf('identity-type', type)])];
      return list('records', [...of('UserEmailIdentity', user.email), ...of('UserTwitterIdentity', user.twitter)], { type: 'array' });
    },
  };

  function find(call: Call): User {
    const user = store.users.get(wholeNumber(call.params['id']) ?? 0);
    if (user === undefined) throw new Refused(missing());
    return user;
  }

  return people;
}
