/** Deliveries: what went to each subscription, how its attempts went, and having it done again. */
import { ALL_EVENT_TYPES } from '../../core/mesh-event.ts';
import { AppError } from '../../errors.ts';
import type { DeliveryBooks, DeliveryFilter, WholeDelivery } from '../../ports/subscriptions.ts';
import { listFrom, PAGE_PARAMETERS, pageBody, type Sealer } from './listing.ts';
import type { Call, Parameter, Reply, Route } from './route.ts';
import { shownDelivery, shownWholeDelivery } from './subscriptions-view.ts';
import type { Href } from './tickets-view.ts';

export interface DeliveryRoutes {
  readonly books: DeliveryBooks;
  readonly sealer: Sealer;
  readonly href: Href;
  /** Something is due. */
  readonly changed: () => Promise<void>;
}

const LIST = '/v1/deliveries';
const ONE = `${LIST}/{delivery_id}`;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const QUERY: Readonly<Record<string, Parameter>> = {
  ...PAGE_PARAMETERS,
  subscription_id: { about: 'Only those of this subscription.', schema: { type: 'string', format: 'uuid' } },
  state: { about: 'Only those that stand so; `dead` are the ones that were given up.', schema: { type: 'string', enum: ['waiting', 'delivered', 'dead'] } },
  event_type: { about: 'Only those of this type of event.', schema: { type: 'string', enum: ALL_EVENT_TYPES } },
  event_id: { about: 'Only those of this event.', schema: { type: 'string', format: 'uuid' } },
  since: { about: 'Only those that were made from then on.', schema: { type: 'string', format: 'date-time' } },
  until: { about: 'Only those that were made before.', schema: { type: 'string', format: 'date-time' } },
};

interface Filters extends Omit<DeliveryFilter, 'since' | 'until'> {
  readonly page?: string;
  readonly page_size: number;
  readonly since?: string;
  readonly until?: string;
}

export function deliveryRoutes({ books, sealer, href, changed }: DeliveryRoutes): readonly Route[] {
  async function list(call: Call): Promise<Reply> {
    const { page, page_size: size, since, until, ...filters } = call.query as unknown as Filters;
    const filter: DeliveryFilter = { ...filters, ...(since !== undefined && { since: Date.parse(since) }), ...(until !== undefined && { until: Date.parse(until) }) };
    const { items, next } = await listFrom({
      sealer, context: `page:deliveries:${JSON.stringify(filter)}`, page, size,
      async read(before) {
        const found = await books.list(filter, { before, limit: size });
        return { items: found, next: found.length < size ? null : (found.at(-1)?.id ?? null) };
      },
    });
    return { status: 200, body: pageBody('core', page, items.map((one) => shownDelivery(one, href)), next) };
  }

  async function found(call: Call): Promise<WholeDelivery> {
    const id = call.params['delivery_id'] ?? '';
    const delivery = UUID.test(id) ? await books.byId(id) : null;
    if (delivery === null) throw new AppError('not_found', 'There is no such delivery.');
    return delivery;
  }

  async function replay(call: Call): Promise<Reply> {
    const { id, state, event } = await found(call);
    if (event === null) throw new AppError('conflict', 'Its event is too old: it is kept no longer.');
    if (state === 'waiting' || !(await books.replay(id))) throw new AppError('conflict', 'It waits to go out already.');
    await changed();
    return { status: 200, body: shownWholeDelivery(await found(call), href) };
  }

  const shared = { tag: 'Deliveries', scope: 'all' } as const;
  return [
    { ...shared, method: 'GET', path: LIST, operation: 'listDeliveries', summary: 'List deliveries', query: QUERY, errors: [], answers: { 200: { about: 'One page, the newest first.', schema: 'delivery-list' } }, handle: list },
    {
      ...shared, method: 'GET', path: ONE, operation: 'retrieveDelivery', summary: 'Retrieve a delivery, with every attempt', errors: [], answers: { 200: { about: 'The delivery.', schema: 'delivery' } },
      handle: async (call) => ({ status: 200, body: shownWholeDelivery(await found(call), href) }),
    },
    {
      ...shared, method: 'POST', path: `${ONE}/replay`, operation: 'replayDelivery', summary: 'Replay a delivery', errors: ['conflict'],
      about: 'It goes out again with its old id, whatever became of it.', answers: { 200: { about: 'The delivery.', schema: 'delivery' } }, handle: replay,
    },
  ];
}
