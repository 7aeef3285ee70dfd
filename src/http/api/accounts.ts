/** The connected accounts: listed, connected, changed and removed; and what their desks can do. */
import { createValidator, type Validate } from '../../contracts/validator.ts';
import { wrongWithAddress } from '../../contracts/address.ts';
import { toldFailure } from '../../engine/failures.ts';
import type { Hooks } from '../../engine/hooks.ts';
import { SWITCHED_OFF, type Roster } from '../../engine/roster.ts';
import { AppError, type Fault } from '../../errors.ts';
import { DeskFailure, type Account, type Connector } from '../../ports/connector.ts';
import type { AccountBooks } from '../../ports/api.ts';
import type { AccountDraft, AccountStore, LaneStore } from '../../ports/store.ts';
import type { World } from '../../ports/world.ts';
import type { RequestLog } from '../request-log.ts';
import { shownAccount, shownCapabilities, type AccountFacts } from './accounts-view.ts';
import { invalid } from './input.ts';
import { listFrom, PAGE_PARAMETERS, pageBody, type Sealer } from './listing.ts';
import type { Call, Parameter, Reply, Route } from './route.ts';
import type { Href } from './tickets-view.ts';

export interface AccountRoutes {
  readonly roster: Roster;
  readonly accounts: AccountStore;
  readonly books: AccountBooks;
  readonly hooks: Hooks;
  readonly lanes: Pick<LaneStore, 'hasten'>;
  readonly connectors: Readonly<Record<string, Connector>>;
  readonly sealer: Sealer;
  readonly href: Href;
  readonly world: World;
  readonly within: RequestLog['within'];
}

const LIST = '/v1/accounts';
const ONE = `${LIST}/{account_id}`;

/** Sent by old clients; every account is always shown whole. */
const LEGACY: Readonly<Record<string, Parameter>> = { retrieve_full: { about: 'For old clients: without effect.', schema: { type: 'boolean' } } };
const FILTERS: Readonly<Record<string, Parameter>> = {
  active: { about: 'Only accounts that run, or only those that do not.', schema: { type: 'boolean' } },
  admin: { about: 'Only accounts that are known to be an administrator’s, which none is; or the others, which are all.', schema: { type: 'boolean' } },
  service: { about: 'Only accounts of this service.', schema: { type: 'string', maxLength: 63 } },
};

type Part = Partial<Pick<AccountDraft, 'url' | 'credentials' | 'settings'>>;

export function accountRoutes(parts: AccountRoutes): readonly Route[] {
  const { roster, books, hooks, connectors, href, world } = parts;
  const shapes = new Map<string, { readonly credentials: Validate; readonly settings: Validate }>();

  async function facts(): Promise<(account: Account) => AccountFacts> {
    const times = await books.times();
    return ({ id, service }) => ({ title: connectors[service]?.about.title ?? service, ...(times.get(id) ?? { created: 0, modified: 0 }) });
  }

  async function shown(id: number): Promise<object> {
    const member = roster.member(id);
    if (member === null) throw gone();
    return shownAccount(member.account, (await facts())(member.account), href);
  }

  /** With its hook, which is registered where the desk allows it. */
  async function hooked(id: number, { requestId }: Call): Promise<object> {
    const hook = await parts.within(requestId, () => hooks.ensure(id));
    const account = roster.byId(id);
    if (account === null) throw gone();
    return shownAccount(account, { ...(await facts())(account), hook }, href);
  }

  async function list(call: Call): Promise<Reply> {
    const { page, page_size: size, active, admin, service } = call.query as {
      readonly page?: string; readonly page_size: number; readonly active?: boolean; readonly admin?: boolean; readonly service?: string;
    };
    const all = roster.all().filter((account) =>
      (call.caller.account_id === null || account.id === call.caller.account_id) &&
      (active === undefined || active === (account.state === 'running')) && admin !== true && (service === undefined || service === account.service));
    const of = await facts();
    const items = all.map((account) => ({ id: String(account.id), shown: shownAccount(account, of(account), href) }));
    const context = `page:accounts:${JSON.stringify([active, admin, service])}`;
    const listed = await listFrom({ sealer: parts.sealer, context, page, size, read: () => Promise.resolve({ items, next: null }) });
    return { status: 200, body: { total: all.length, ...pageBody('core', page, listed.items.map((item) => item.shown), listed.next) } };
  }

  async function connect(call: Call): Promise<Reply> {
    const draft = { settings: {}, ...(call.body as Omit<AccountDraft, 'settings'> & Partial<AccountDraft>) };
    const judged = judge(draft);
    await prove(judged, call);
    const made = await books.connect(judged, call.once.id);
    if (made.kind !== 'connected') {
      const message = made.kind === 'taken' ? `There is an account called ${draft.name} already.` : 'This desk is connected already, with the same credentials.';
      throw new AppError(made.kind === 'taken' ? 'naming_conflict' : 'conflict', message, { details: { conflicting_resource_id: made.id } });
    }
    await roster.refresh(true);
    return { status: 201, body: await hooked(made.id, call) };
  }

  async function update(call: Call): Promise<Reply> {
    const { account } = call.member;
    const { active, ...part } = call.body as Part & { readonly active?: boolean };
    const changed = Object.keys(part).length > 0;
    if (changed) {
      const judged = judge({ ...account, ...part });
      await prove(judged, call);
      const { url, credentials, settings } = judged;
      if (!(await books.change(account.id, { ...(part.url !== undefined && { url }), ...(part.credentials !== undefined && { credentials }), ...(part.settings !== undefined && { settings }) }))) throw gone();
    } else if (active === true && account.state === 'stopped') {
      await prove(account, call);
    }
    if (active === false) await parts.accounts.stop(account.id, SWITCHED_OFF);
    if (active === true) await parts.accounts.resume(account.id);
    await roster.refresh(true);
    if (active === true) await parts.lanes.hasten(account.id);
    return { status: 200, body: changed ? await hooked(account.id, call) : await shown(account.id) };
  }

  async function remove(call: Call): Promise<Reply> {
    const { id, name } = call.member.account;
    const depends = await books.dependents(id);
    const { confirm } = call.query as { readonly confirm?: string };
    if (confirm !== name && (depends.mirrors.length > 0 || depends.links > 0)) {
      throw new AppError('conflict', `Things depend on this account: its tickets would be mirrored no longer. Repeat with ?confirm=${name} to remove it all the same.`, {
        details: { depends: { ...depends } },
      });
    }
    await books.remove(id);
    await roster.refresh(true);
    return { status: 204 };
  }

  /** Against the service's own schemas, all faults at once. */
  function judge(draft: AccountDraft): AccountDraft {
    const faults: Fault[] = [];
    const wrong = wrongWithAddress(draft.url);
    if (wrong !== null) faults.push({ path: '/url', message: wrong });
    const shape = shapeOf(draft.service);
    if (shape === null) faults.push({ path: '/service', message: `There is no connector of this name: known are ${Object.keys(connectors).join(', ')}.` });
    else {
      for (const part of ['credentials', 'settings'] as const) faults.push(...shape[part](draft[part]).map(({ path, message }) => ({ path: `/${part}${path}`, message })));
    }
    if (faults.length > 0) throw invalid(faults);
    const { name, service, credentials, settings } = draft;
    return { name, service, url: new URL(draft.url).origin, credentials, settings };
  }

  function shapeOf(service: string) {
    const connector = Object.hasOwn(connectors, service) ? connectors[service] : undefined;
    if (connector === undefined) return null;
    let shape = shapes.get(service);
    if (shape === undefined) {
      shape = { credentials: createValidator(connector.about.credentials), settings: createValidator(connector.about.settings) };
      shapes.set(service, shape);
    }
    return shape;
  }

  /** The credentials work: the desk says who they are. */
  async function prove(draft: AccountDraft, { requestId }: Call): Promise<void> {
    const connector = connectors[draft.service];
    if (connector === undefined) throw new Error(`no connector ${draft.service}`);
    const account: Account = { ...draft, id: 0, hook_token: '', inbound_secrets: [], state: 'running', stopped_because: null };
    try {
      await parts.within(requestId, () => connectTo(connector, account).check());
    } catch (error) {
      if (!(error instanceof DeskFailure)) throw error;
      throw toldFailure(error, { service: draft.service, now: world.now() });
    }
  }

  /** Settings may fit their schema and still not work. */
  function connectTo(connector: Connector, account: Account) {
    try {
      return connector.connect(account, world);
    } catch (error) {
      throw invalid([{ path: '/settings', message: error instanceof Error ? error.message : String(error) }]);
    }
  }

  const shared = { tag: 'Accounts', scope: 'any' } as const;
  return [
    {
      ...shared, method: 'GET', path: LIST, operation: 'listAccounts', summary: 'List accounts',
      about: 'Those that the token reaches.', query: { ...PAGE_PARAMETERS, ...FILTERS, ...LEGACY },
      answers: { 200: { about: 'One page.', schema: 'account-list' } }, errors: [], handle: list,
    },
    {
      ...shared, scope: 'all', method: 'POST', path: LIST, operation: 'connectAccount', summary: 'Connect an account', body: { json: 'account-create' }, desk: true,
      about: 'The credentials are tried first; if the desk does not accept them, nothing is stored.',
      answers: { 201: { about: 'The account, and what is left to do for its webhook.', schema: 'account' } },
      errors: ['conflict', 'naming_conflict'], handle: connect,
    },
    {
      ...shared, method: 'GET', path: ONE, operation: 'retrieveAccount', summary: 'Retrieve an account', query: LEGACY,
      answers: { 200: { about: 'The account.', schema: 'account' } }, errors: [],
      handle: async (call) => ({ status: 200, body: await shown(call.member.account.id) }),
    },
    {
      ...shared, scope: 'all', method: 'PATCH', path: ONE, operation: 'updateAccount', summary: 'Update an account', body: { json: 'account-update' }, desk: true,
      answers: { 200: { about: 'The account.', schema: 'account' } }, errors: [], handle: update,
    },
    {
      ...shared, scope: 'all', method: 'DELETE', path: ONE, operation: 'deleteAccount', summary: 'Remove an account',
      about: 'What depends on it is shown first: while a mirror or a link does, the answer is 409 with `depends`, until the account’s name is given as `confirm`. The desk and its tickets stay as they are.',
      query: { confirm: { about: 'The account’s name.', schema: { type: 'string', maxLength: 63 } } },
      answers: { 204: { about: 'It is removed.', schema: null } }, errors: ['conflict'], handle: remove,
    },
    {
      ...shared, method: 'GET', path: `${ONE}/capabilities`, operation: 'retrieveCapabilities', summary: 'What a desk can hold and do',
      answers: { 200: { about: 'From its connector, with the account’s settings.', schema: 'capabilities' } }, errors: [],
      async handle({ member: { account, desk }, requestId }) {
        // What its owner configured there may widen them; without an answer they are what they are.
        await parts.within(requestId, () => roster.ready(account.id)).catch(() => undefined);
        return { status: 200, body: shownCapabilities(account, desk.can, desk.raw !== undefined, href) };
      },
    },
  ];
}

function gone(): AppError {
  return new AppError('not_found', 'This account was removed just now.');
}
