/** Subscriptions: somebody's endpoints for events, made and changed one at a time. Those of mesh.yaml are changed there. */
import { eventExample } from '../../contracts/events.ts';
import { ALL_EVENT_TYPES, isOfTicket, type MeshEvent, type MeshEventType } from '../../core/mesh-event.ts';
import { EVENT_PATTERNS, names, USUAL_SUBSCRIPTION, type SubscriptionTerms } from '../../core/subscription.ts';
import { subscriptionFaults, type JudgedTerms, type Judging } from '../../engine/subscription-faults.ts';
import { AppError } from '../../errors.ts';
import type { DeliveryBooks, NameTaken, OpenSubscription, Subscription, SubscriptionStore } from '../../ports/subscriptions.ts';
import type { World } from '../../ports/world.ts';
import { invalid } from './input.ts';
import { listFrom, PAGE_PARAMETERS, pageBody, type Sealer } from './listing.ts';
import type { Call, Parameter, Reply, Route } from './route.ts';
import { shownDelivery, shownSubscription } from './subscriptions-view.ts';
import type { Href } from './tickets-view.ts';

export interface SubscriptionRoutes {
  readonly subscriptions: SubscriptionStore;
  readonly books: DeliveryBooks;
  readonly judging: Judging;
  readonly sealer: Sealer;
  readonly href: Href;
  readonly world: World;
  /** Subscriptions changed, or something is due: whoever delivers looks now. */
  readonly changed: () => Promise<void>;
}

const LIST = '/v1/subscriptions';
const ONE = `${LIST}/{subscription_id}`;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const MOST = 1_000;
const OVERLAP_S = 86_400;

const SAMPLES: Readonly<Record<string, Parameter>> = {
  events: { about: 'A type of event, or a wildcard.', schema: { type: 'string', enum: EVENT_PATTERNS, default: '*' } },
  account_id: { about: 'Only what happened on this account.', schema: { type: 'integer', minimum: 1, maximum: 999_999_999 } },
  limit: { about: 'How many at most.', schema: { type: 'integer', minimum: 1, maximum: 100, default: 3 } },
};

type Terms = Partial<JudgedTerms> & Pick<SubscriptionTerms, 'events'>;

export function subscriptionRoutes(parts: SubscriptionRoutes): readonly Route[] {
  const { subscriptions, books, judging, sealer, href, world } = parts;

  /** All that is wrong with it, as one error. */
  function judged(terms: Omit<JudgedTerms, 'url'> & { readonly url: string | undefined }): JudgedTerms {
    const usual = terms.token === null ? undefined : judging.formats[terms.format]?.url;
    const url = terms.url ?? usual ?? '';
    const all: JudgedTerms = { ...terms, url, events: [...new Set(terms.events)] };
    const faults = url === '' ? [{ path: '/url', message: 'This is missing: give the address that messages go to.' }, ...subscriptionFaults({ ...all, url: 'https://address.invalid' }, judging)] : subscriptionFaults(all, judging);
    if (faults.length > 0) throw invalid(faults);
    return all;
  }

  async function make(call: Call): Promise<Reply> {
    const body = call.body as Terms;
    const draft = judged({ ...USUAL_SUBSCRIPTION, secret: null, token: null, ...body, url: body.url });
    if ((await subscriptions.count()) >= MOST) throw new AppError('conflict', `There are ${MOST} subscriptions already: delete some that nobody needs.`);
    const made = await subscriptions.make(call.once.id, draft);
    if ('taken' in made) throw taken(made, draft.name);
    await parts.changed();
    return { status: 201, body: { ...shownSubscription(made.subscription, href), secret: made.secret } };
  }

  async function list(call: Call): Promise<Reply> {
    const { page, page_size: size } = call.query as { readonly page?: string; readonly page_size: number };
    const { items, next } = await listFrom({
      sealer, context: 'page:subscriptions', page, size,
      async read(before) {
        const found = await subscriptions.list({}, { before, limit: size });
        return { items: found, next: found.length < size ? null : (found.at(-1)?.id ?? null) };
      },
    });
    return { status: 200, body: pageBody('core', page, items.map((one) => shownSubscription(one, href)), next) };
  }

  async function found(call: Call): Promise<OpenSubscription> {
    const id = call.params['subscription_id'] ?? '';
    return (UUID.test(id) ? await subscriptions.open(id) : null) ?? raise(absent());
  }

  async function changeable(call: Call): Promise<OpenSubscription> {
    const subscription = await found(call);
    if (subscription.origin === 'file') throw new AppError('conflict', 'This subscription is kept in mesh.yaml: change it there.');
    return subscription;
  }

  async function update(call: Call): Promise<Reply> {
    const known = await changeable(call);
    const part = call.body as Partial<Terms>;
    // A bot that takes the place of a webhook writes to Slack's own address.
    const url = part.url ?? (part.token != null && known.token === null ? undefined : known.url);
    const { secret: _, ...next } = judged({ ...termsOf(known), ...part, url, secret: known.secrets[0]?.secret ?? null });
    const changed = await subscriptions.change(known.id, next);
    if (changed === null) throw absent();
    if ('taken' in changed) throw taken(changed, next.name);
    await parts.changed();
    return { status: 200, body: shownSubscription(changed, href) };
  }

  async function remove(call: Call): Promise<Reply> {
    const { id, format } = await changeable(call);
    await subscriptions.remove(id);
    await parts.changed();
    return format === 'zapier' ? { status: 200, body: {} } : { status: 204 };
  }

  async function rotate(call: Call): Promise<Reply> {
    const known = await found(call);
    const { overlap_seconds: overlap = OVERLAP_S, secret = null } = call.body as { readonly overlap_seconds?: number; readonly secret?: string };
    if (secret !== null) judged({ ...termsOf(known), url: known.url, secret });
    const made = (await subscriptions.rotate(known.id, secret, overlap * 1_000)) ?? raise(absent());
    await parts.changed();
    return { status: 200, body: { ...shownSubscription((await subscriptions.byId(known.id)) ?? raise(absent()), href), secret: secret === null ? made : null } };
  }

  async function enable(call: Call): Promise<Reply> {
    const { id } = await found(call);
    const enabled = (await subscriptions.enable(id)) ?? raise(absent());
    await parts.changed();
    return { status: 200, body: shownSubscription(enabled, href) };
  }

  async function test(call: Call): Promise<Reply> {
    const subscription = await found(call);
    const type = ALL_EVENT_TYPES.find((one) => subscription.events.some((pattern) => names(pattern, one))) ?? 'ticket.created';
    const event: MeshEvent = { ...eventExample(type), id: world.id(), time: new Date(world.now()).toISOString(), test: true };
    const delivery = (await books.test(subscription.id, event)) ?? raise(absent());
    await parts.changed();
    return { status: 202, body: shownDelivery(delivery, href) };
  }

  async function replay(call: Call): Promise<Reply> {
    const { id } = await found(call);
    const { since, until, only = 'failed' } = call.body as { readonly since: string; readonly until?: string; readonly only?: 'failed' | 'all' };
    const range = { since: Date.parse(since), until: until === undefined ? world.now() + 1 : Date.parse(until), failed: only === 'failed' };
    const replayed = await books.replayAll(id, range);
    await parts.changed();
    return { status: 200, body: { replayed } };
  }

  /** What was told lately; and examples of what was not. */
  async function samples(call: Call): Promise<Reply> {
    const { events: pattern, account_id, limit } = call.query as { readonly events: string; readonly account_id?: number; readonly limit: number };
    const types: readonly MeshEventType[] = ALL_EVENT_TYPES.filter((type) => names(pattern, type));
    const told = await books.samples({ types, private: false, ...(account_id === undefined ? {} : { account_id }) }, limit);
    return { status: 200, body: told.length > 0 ? told : types.toSorted((a, b) => Number(isOfTicket(b)) - Number(isOfTicket(a))).slice(0, limit).map(eventExample) };
  }

  const shared = { tag: 'Subscriptions', scope: 'all', errors: [] } as const;
  return [
    { ...shared, method: 'GET', path: LIST, operation: 'listSubscriptions', summary: 'List subscriptions', query: PAGE_PARAMETERS, answers: { 200: { about: 'One page, the newest first.', schema: 'subscription-list' } }, handle: list },
    {
      ...shared, method: 'POST', path: LIST, operation: 'createSubscription', summary: 'Subscribe', body: { json: 'subscription-create' }, errors: ['naming_conflict'],
      about: 'Events that happen from about a second later on go to the url. The answer is the only one that shows the secret they are signed with.',
      answers: { 201: { about: 'The subscription.', schema: 'subscription-made' } }, handle: make,
    },
    {
      ...shared, method: 'GET', path: `${LIST}/samples`, operation: 'sampleEvents', summary: 'Sample events', query: SAMPLES,
      about: 'As subscribers are told of them, the newest first. Private ones are left out. Kept while there are subscriptions.', answers: { 200: { about: 'A list, as Zapier wants it.', schema: 'event-samples' } }, handle: samples,
    },
    {
      ...shared, method: 'GET', path: ONE, operation: 'retrieveSubscription', summary: 'Retrieve a subscription', answers: { 200: { about: 'The subscription.', schema: 'subscription' } },
      handle: async (call) => ({ status: 200, body: shownSubscription(stripped(await found(call)), href) }),
    },
    { ...shared, method: 'PATCH', path: ONE, operation: 'updateSubscription', summary: 'Change a subscription', body: { json: 'subscription-update' }, errors: ['naming_conflict', 'conflict'], answers: { 200: { about: 'The subscription.', schema: 'subscription' } }, handle: update },
    {
      ...shared, method: 'DELETE', path: ONE, operation: 'deleteSubscription', summary: 'Unsubscribe', about: 'What waits for it goes with it.', errors: ['conflict'],
      answers: { 200: { about: 'It is deleted; one of the format `zapier`.', schema: 'empty' }, 204: { about: 'It is deleted.', schema: null } }, handle: remove,
    },
    {
      ...shared, method: 'POST', path: `${ONE}/rotate`, operation: 'rotateSubscriptionSecret', summary: 'Rotate the secret', body: { json: 'subscription-rotate' },
      about: 'Messages carry a signature of the new secret and of the old one until `overlap_seconds` have passed.', answers: { 200: { about: 'The subscription, with its new secret.', schema: 'subscription-made' } }, handle: rotate,
    },
    {
      ...shared, method: 'POST', path: `${ONE}/enable`, operation: 'enableSubscription', summary: 'Enable a subscription',
      about: 'All that waits goes out at once, and what was given up while its endpoint failed is tried anew.', answers: { 200: { about: 'The subscription.', schema: 'subscription' } }, handle: enable,
    },
    {
      ...shared, method: 'POST', path: `${ONE}/test`, operation: 'testSubscription', summary: 'Send a test event',
      about: 'An example of the first type that it wants, with `test: true`. It goes out even if the subscription is disabled.', answers: { 202: { about: 'The delivery, which can be looked at.', schema: 'delivery' } }, handle: test,
    },
    {
      ...shared, method: 'POST', path: `${ONE}/replay`, operation: 'replaySubscription', summary: 'Replay deliveries of a subscription', body: { json: 'subscription-replay' },
      about: 'All that failed since a time, or all of a range. They go out with the ids that they had.', answers: { 200: { about: 'How many.', schema: 'subscription-replayed' } }, handle: replay,
    },
  ];
}

/** What of a subscription can be changed. */
function termsOf(terms: OpenSubscription): SubscriptionTerms & { readonly token: string | null } {
  const { name, url, events, accounts, where, cause, private: shut, format, template, channel, rate_per_minute, ordering, description, enabled, token } = terms;
  return { name, url, events, accounts, where, cause, private: shut, format, template, channel, rate_per_minute, ordering, description, enabled, token };
}

function stripped({ secrets: _secrets, token: _token, ...subscription }: OpenSubscription): Subscription {
  return subscription;
}

function absent(): AppError {
  return new AppError('not_found', 'There is no such subscription.');
}

function taken({ taken: id }: NameTaken, name: string | null): AppError {
  return new AppError('naming_conflict', `There is a subscription called ${name ?? ''} already.`, { details: { conflicting_resource_id: id } });
}

function raise(error: AppError): never {
  throw error;
}
