/** Mirrors, links, operations and receipts: what came in, what was decided and what was written; and letting go of what waits. */
import type { Operator } from '../../engine/operator.ts';
import { retryAfter } from '../../engine/failures.ts';
import { AppError } from '../../errors.ts';
import type { Records, WholeReceipt } from '../../ports/api.ts';
import { rawIdOf } from './ids.ts';
import { invalid } from './input.ts';
import { listFrom, PAGE_PARAMETERS, pageBody, type Sealer } from './listing.ts';
import { shownLink, shownMirror, shownOperation, shownReceipt, shownWholeLink, shownWholeReceipt } from './records-view.ts';
import type { Call, Parameter, Reply, Route } from './route.ts';
import type { Href } from './tickets-view.ts';

export interface RecordRoutes {
  readonly records: Records;
  readonly operator: Pick<Operator, 'release' | 'replay'>;
  readonly sealer: Sealer;
  readonly href: Href;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const NUMBER = /^[1-9]\d{0,17}$/;
const MOST_NOTES = 200;
/** A lane in a worker's hands is soon let go of; a caller is kept waiting so long. */
const RELEASE_MS = 3_000;

const ACCOUNT: Parameter = { about: 'Only those of this account.', schema: { type: 'integer', minimum: 1, maximum: 999_999_999 } };
const TICKET: Parameter = { about: 'Only those of this ticket, an id of this API; with `account_id`.', schema: { type: 'string', maxLength: 400 } };
const LINK: Parameter = { about: 'Only those of this link.', schema: { type: 'string', format: 'uuid' } };
const OUTCOME: Parameter = { about: 'Only those that ended so.', schema: { type: 'string', enum: ['done', 'refused', 'missing', 'undone', 'unsure'] } };
const STATE: Parameter = { about: 'Only those that stand so.', schema: { type: 'string', enum: ['accepted', 'settled', 'ignored', 'parked'] } };

interface Filters {
  readonly page?: string;
  readonly page_size: number;
  readonly account_id?: number;
  readonly ticket_id?: string;
  readonly link_id?: string;
  readonly outcome?: 'done' | 'refused' | 'missing' | 'undone' | 'unsure';
  readonly state?: 'accepted' | 'settled' | 'ignored' | 'parked';
}

export function recordRoutes({ records, operator, sealer, href }: RecordRoutes): readonly Route[] {
  /** A list by id, the newest first. */
  async function listed<T extends { readonly id: string }>(call: Call, what: string, read: (filters: Filters, before: string | null, limit: number) => Promise<readonly T[]>, show: (item: T) => object): Promise<Reply> {
    const { page, page_size: size, ...filters } = filtersOf(call);
    const context = `page:${what}:${JSON.stringify(filters)}`;
    const { items, next } = await listFrom({
      sealer, context, page, size,
      async read(before) {
        const found = await read({ page_size: size, ...filters }, before, size);
        return { items: found, next: found.length < size ? null : (found.at(-1)?.id ?? null) };
      },
    });
    return { status: 200, body: pageBody('core', page, items.map(show), next) };
  }

  async function mirrors(call: Call): Promise<Reply> {
    const { page, page_size: size } = filtersOf(call);
    const all = (await records.mirrors()).map((mirror) => ({ id: mirror.name, mirror }));
    const { items, next } = await listFrom({ sealer, context: 'page:mirrors', page, size, read: () => Promise.resolve({ items: all, next: null }) });
    return { status: 200, body: pageBody('core', page, items.map(({ mirror }) => shownMirror(mirror, href)), next) };
  }

  async function mirror(call: Call): Promise<Reply> {
    const found = (await records.mirrors()).find(({ name }) => name === call.params['mirror_id']);
    if (found === undefined) throw absent('mirror');
    return { status: 200, body: shownMirror(found, href) };
  }

  const linkOf = async (call: Call) => {
    const id = call.params['link_id'] ?? '';
    return (UUID.test(id) ? await records.link(id) : null) ?? raise(absent('link'));
  };
  const operationOf = async (call: Call) => {
    const id = call.params['operation_id'] ?? '';
    return (NUMBER.test(id) ? await records.operation(id) : null) ?? raise(absent('operation'));
  };
  const receiptOf = async (call: Call): Promise<WholeReceipt> => {
    const id = call.params['receipt_id'] ?? '';
    return (NUMBER.test(id) ? await records.receipt(id) : null) ?? raise(absent('receipt'));
  };

  async function wholeLink(id: string): Promise<object> {
    const link = (await records.link(id)) ?? raise(absent('link'));
    return shownWholeLink(link, await records.notes(id, MOST_NOTES), href);
  }

  async function freed(replicaIds: readonly string[]): Promise<void> {
    const left = await operator.release.releaseReplicas(replicaIds, RELEASE_MS);
    if (left.length > 0) throw new AppError('conflict', 'This is being worked on just now: try again in a moment.', { headers: retryAfter(RELEASE_MS) });
  }

  async function releaseLink(call: Call): Promise<Reply> {
    const { id, replicas } = await linkOf(call);
    await freed(replicas.map((replica) => replica.id));
    return { status: 200, body: await wholeLink(id) };
  }

  async function releaseOperation(call: Call): Promise<Reply> {
    const operation = await operationOf(call);
    const link = await records.link(operation.link_id);
    if (link?.replicas.some(({ id }) => id === operation.replica_id) !== true) throw new AppError('conflict', 'The ticket of this operation is linked no longer: there is nothing to release.');
    await freed([operation.replica_id]);
    return { status: 200, body: await wholeLink(link.id) };
  }

  async function reread(receipt: WholeReceipt): Promise<Reply> {
    const [done] = await operator.replay.replay([receipt.id]);
    if (done?.problem != null) throw new AppError('conflict', `It cannot be read again: ${done.problem}.`);
    return { status: 200, body: shownWholeReceipt((await records.receipt(receipt.id)) ?? raise(absent('receipt')), href) };
  }

  async function releaseReceipt(call: Call): Promise<Reply> {
    const receipt = await receiptOf(call);
    if (receipt.state !== 'parked') throw new AppError('conflict', `This receipt is ${receipt.state}: only a parked one waits to be released. It can be replayed.`);
    return reread(receipt);
  }

  const shared = { scope: 'all' } as const;
  const list = { ...shared, method: 'GET', errors: [] } as const;
  const page = (schema: string) => ({ 200: { about: 'One page.', schema } });
  const one = (about: string, schema: string) => ({ 200: { about, schema } });
  return [
    { ...list, tag: 'Mirrors', path: '/v1/mirrors', operation: 'listMirrors', summary: 'List mirrors', query: PAGE_PARAMETERS, answers: page('mirror-list'), handle: mirrors },
    { ...list, tag: 'Mirrors', path: '/v1/mirrors/{mirror_id}', operation: 'retrieveMirror', summary: 'Retrieve a mirror', answers: one('The mirror.', 'mirror'), handle: mirror },
    {
      ...list, tag: 'Links', path: '/v1/links', operation: 'listLinks', summary: 'List links', query: { ...PAGE_PARAMETERS, account_id: ACCOUNT, ticket_id: TICKET }, answers: page('link-list'),
      handle: (call) => listed(call, 'links', ({ account_id, ticket_id }, before, limit) => records.links(given({ account_id, ticket_id }), { before, limit }), (link) => shownLink(link, href)),
    },
    {
      ...list, tag: 'Links', path: '/v1/links/{link_id}', operation: 'retrieveLink', summary: 'Retrieve a link, with its state and what was decided', answers: one('The link.', 'link'),
      handle: async (call) => ({ status: 200, body: await wholeLink((await linkOf(call)).id) }),
    },
    {
      ...shared, method: 'POST', tag: 'Links', path: '/v1/links/{link_id}/release', operation: 'releaseLink', summary: 'Release what is held on a link',
      about: 'Steps that a desk refused twice wait for a newer change. This has them tried again now.', answers: one('The link.', 'link'), errors: ['conflict'], handle: releaseLink,
    },
    {
      ...list, tag: 'Operations', path: '/v1/operations', operation: 'listOperations', summary: 'List operations',
      query: { ...PAGE_PARAMETERS, account_id: ACCOUNT, link_id: LINK, outcome: OUTCOME }, answers: page('operation-list'),
      handle: (call) => listed(call, 'operations', ({ account_id, link_id, outcome }, before, limit) => records.operations(given({ account_id, link_id, outcome }), { before, limit }), (item) => shownOperation(item, href)),
    },
    {
      ...list, tag: 'Operations', path: '/v1/operations/{operation_id}', operation: 'retrieveOperation', summary: 'Retrieve an operation', answers: one('The operation.', 'operation'),
      handle: async (call) => ({ status: 200, body: shownOperation(await operationOf(call), href) }),
    },
    {
      ...shared, method: 'POST', tag: 'Operations', path: '/v1/operations/{operation_id}/release', operation: 'releaseOperation', summary: 'Release the replica of an operation',
      about: 'Whatever its desk refused is tried again now.', answers: one('Its link.', 'link'), errors: ['conflict'], handle: releaseOperation,
    },
    {
      ...list, tag: 'Receipts', path: '/v1/receipts', operation: 'listReceipts', summary: 'List receipts',
      query: { ...PAGE_PARAMETERS, account_id: ACCOUNT, ticket_id: TICKET, state: STATE }, answers: page('receipt-list'),
      handle: (call) => listed(call, 'receipts', ({ account_id, ticket_id, state }, before, limit) => records.receipts(given({ account_id, ticket_id, state }), { before, limit }), (item) => shownReceipt(item, href)),
    },
    {
      ...list, tag: 'Receipts', path: '/v1/receipts/{receipt_id}', operation: 'retrieveReceipt', summary: 'Retrieve a receipt, with what came', answers: one('The receipt.', 'receipt'),
      handle: async (call) => ({ status: 200, body: shownWholeReceipt(await receiptOf(call), href) }),
    },
    {
      ...shared, method: 'POST', tag: 'Receipts', path: '/v1/receipts/{receipt_id}/release', operation: 'releaseReceipt', summary: 'Release a parked receipt',
      about: 'It is read again with what the connector knows by now. If it is still not understood it stays parked.', answers: one('The receipt as it stands now.', 'receipt'), errors: ['conflict'], handle: releaseReceipt,
    },
    {
      ...shared, method: 'POST', tag: 'Receipts', path: '/v1/receipts/{receipt_id}/replay', operation: 'replayReceipt', summary: 'Replay a receipt',
      about: 'As if it had come again just now: it is read, and its ticket is looked at.', answers: one('The receipt as it stands now.', 'receipt'), errors: ['conflict'],
      handle: async (call) => reread(await receiptOf(call)),
    },
  ];
}

/** With the ticket as the desk's own id. */
function filtersOf(call: Call): Filters {
  const filters = call.query as unknown as Filters;
  if (filters.ticket_id === undefined) return filters;
  if (filters.account_id === undefined) throw invalid([{ path: 'query/account_id', message: 'This is missing: tickets are known by account and id.' }]);
  try {
    return { ...filters, ticket_id: rawIdOf('ticket', filters.ticket_id) };
  } catch (error) {
    throw error instanceof AppError ? invalid([{ path: 'query/ticket_id', message: error.message }]) : error;
  }
}

/** Only what was asked for. */
function given<T extends object>(filters: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(filters).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: NonNullable<T[K]> };
}

function absent(what: string): AppError {
  return new AppError('not_found', `There is no such ${what}.`);
}

function raise(error: AppError): never {
  throw error;
}
