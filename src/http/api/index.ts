/** The API: every route, put together. */
import { Router } from '@koa/router';
import type Koa from 'koa';
import type { Hooks } from '../../engine/hooks.ts';
import { createOnceRunner } from '../../engine/once.ts';
import type { Operator } from '../../engine/operator.ts';
import type { Roster } from '../../engine/roster.ts';
import type { Judging } from '../../engine/subscription-faults.ts';
import type { AccountBooks, EventFeed, GivenStore, OnceStore, Records, TokenStore } from '../../ports/api.ts';
import type { Connector } from '../../ports/connector.ts';
import type { FileStore } from '../../ports/files.ts';
import type { AccountStore, LaneStore } from '../../ports/store.ts';
import type { DeliveryBooks, SubscriptionStore } from '../../ports/subscriptions.ts';
import type { World } from '../../ports/world.ts';
import { createBodyReader } from '../body.ts';
import type { RequestLog } from '../request-log.ts';
import { accountRoutes } from './accounts.ts';
import { createCallers } from './callers.ts';
import { commentRoutes } from './comments.ts';
import { deliveryRoutes } from './deliveries.ts';
import { createDesks } from './desks.ts';
import { createDocs } from './docs.ts';
import { eventRoutes } from './events.ts';
import { createLimits } from './limits.ts';
import type { Sealer } from './listing.ts';
import { passingRoutes } from './passing.ts';
import { recordRoutes } from './records.ts';
import type { Route } from './route.ts';
import { serveRoute } from './serve.ts';
import { subscriptionRoutes } from './subscriptions.ts';
import { ticketRoutes } from './tickets.ts';
import { tokenRoutes } from './tokens.ts';
import { createFormReader } from './uploads.ts';

export interface ApiParts {
  readonly store: {
    readonly accounts: AccountStore;
    readonly lanes: Pick<LaneStore, 'hasten'>;
    readonly books: AccountBooks;
    readonly tokens: TokenStore;
    readonly once: OnceStore;
    readonly feed: EventFeed;
    readonly given: GivenStore;
    readonly records: Records;
    readonly subscriptions: SubscriptionStore;
    readonly deliveryBooks: DeliveryBooks;
  };
  readonly roster: Roster;
  readonly hooks: Hooks;
  readonly operator: Pick<Operator, 'release' | 'replay'>;
  readonly connectors: Readonly<Record<string, Connector>>;
  readonly files: FileStore;
  readonly sealer: Sealer;
  /** What a subscription is held against. */
  readonly judging: Judging;
  /** Subscriptions changed, or a delivery is due. */
  readonly deliver: () => Promise<void>;
  readonly world: World;
  readonly within: RequestLog['within'];
  /** Without a trailing slash; asked for late, since the port may be known late. */
  readonly publicUrl: () => string;
  readonly settings: ApiSettings;
}

export interface ApiSettings {
  /** Requests a minute of a token that has no number of its own. */
  readonly usualRate: number;
  readonly appId: string;
  /** Of the token in the setting API_TOKEN; null without one. */
  readonly tokenHash: string | null;
  readonly maxBodyBytes?: number;
  readonly bodyTimeoutMs?: number;
}

const MAX_BODY_BYTES = 4 * 1024 * 1024;
const BODY_TIMEOUT_MS = 30_000;
/** No desk takes larger files; what this one takes is looked at later. */
const MAX_FILE_BYTES = 100 * 1024 * 1024;
const FORM_TIMEOUT_MS = 40_000;

export interface Api {
  readonly routes: readonly Route[];
  readonly middleware: readonly Koa.Middleware[];
}

export function createApi(parts: ApiParts): Api {
  const { store, roster, world, settings, sealer } = parts;
  const href = (path: string): string => `${parts.publicUrl()}${path}`;
  const desks = createDesks({ roster, lanes: store.lanes, world, within: parts.within });
  const callers = createCallers({ tokens: store.tokens, world, usualRate: settings.usualRate, settingHash: settings.tokenHash });
  const routes: readonly Route[] = [
    ...accountRoutes({ ...store, roster, within: parts.within, hooks: parts.hooks, connectors: parts.connectors, sealer, href, world }),
    ...ticketRoutes({ desks, given: store.given, sealer, href, world }),
    ...commentRoutes({ desks, sealer, href, world }),
    ...passingRoutes({ desks, world }),
    ...eventRoutes({ feed: store.feed, href }),
    ...recordRoutes({ records: store.records, operator: parts.operator, sealer, href }),
    ...subscriptionRoutes({ subscriptions: store.subscriptions, books: store.deliveryBooks, judging: parts.judging, sealer, href, world, changed: parts.deliver }),
    ...deliveryRoutes({ books: store.deliveryBooks, sealer, href, changed: parts.deliver }),
    ...tokenRoutes({ tokens: store.tokens, callers, roster, usualRate: settings.usualRate, appId: settings.appId, sealer, href }),
  ];

  const { maxBodyBytes = MAX_BODY_BYTES, bodyTimeoutMs = BODY_TIMEOUT_MS } = settings;
  const serving = {
    callers,
    limits: createLimits(world),
    once: createOnceRunner({ store: store.once, world }),
    roster,
    world,
    readBody: createBodyReader({ maxBytes: maxBodyBytes, timeoutMs: bodyTimeoutMs, emptyIsFine: true }),
    readForm: createFormReader(parts.files, { fieldBytes: maxBodyBytes, fileBytes: MAX_FILE_BYTES, timeoutMs: FORM_TIMEOUT_MS }),
  };
  const router = new Router();
  for (const route of routes) {
    const serve = serveRoute(route, serving);
    for (const path of [route.path, ...(route.also ?? [])]) {
      router.register(path.replaceAll(/\{(\w+)\}/g, ':$1'), [route.method], (ctx) => serve(ctx));
    }
  }
  const docs = createDocs({ routes, publicUrl: parts.publicUrl });
  return { routes, middleware: [docs, router.routes() as Koa.Middleware, router.allowedMethods() as Koa.Middleware] };
}
