/** The fake classic Zendesk: the v1 API of 2007 to 2013, as XML and as the JSON of the same, and URL targets. */
import { createBudget } from '../kit/budget.ts';
import { createIds } from '../kit/clock.ts';
import type { Call, DeskModel, Json, Premises, Reply, Route } from '../kit/desk.ts';
import { createCatalogue } from './catalogue.ts';
import { toJson, toXml, type Element } from './document.ts';
import { badRequest, missing, refusal, throttled, unauthenticated, wording } from './errors.ts';
import { PEOPLE, TOKEN_BOT, TOKEN_HUMAN, createStore } from './model.ts';
import { createPeople } from './people.ts';
import { createTargets } from './targets.ts';
import { createTickets } from './tickets.ts';
import { createUploads } from './uploads.ts';

/** The desk's switches. */
type Settings = {
  /** Calls a minute for the whole account; null for no limit. */
  rate_limit: number | null;
  /** `.xml` calls answer JSON, as some did from June 2011 on. */
  xml_answers_json: boolean;
  /** Tickets on a page. */
  page_size: number;
  max_users: number | null;
  max_upload_bytes: number;
  external_id_writable: boolean;
  /** A `<comment>` inside the `<ticket>` of an update is taken; else it is passed over without a word. */
  nested_comment: boolean;
  solve_needs_assignee: boolean;
  request_subject: boolean;
  target_format: 'form' | 'xml' | 'json';
  target_attribute: string;
  target_message: string | null;
};

const SETTINGS: Settings = {
  rate_limit: 100_000,
  xml_answers_json: false,
  page_size: 15,
  max_users: null,
  max_upload_bytes: 7 * 1024 * 1024,
  external_id_writable: true,
  nested_comment: true,
  solve_needs_assignee: false,
  request_subject: false,
  target_format: 'form',
  target_attribute: 'message',
  target_message: null,
};

const flag = { type: 'boolean' };
const limit = { type: ['integer', 'null'], minimum: 1 };
const text = { type: 'string', minLength: 1 };

/** Numbers of tickets are the account's own small ones at the vendor; these count from here, so that restarts stay apart. */
const SINCE = Date.UTC(2025, 0, 1);

export function createZendeskClassic(premises: Premises): DeskModel {
  const settings: Settings = { ...SETTINGS };
  const store = createStore();
  const people = createPeople({ store, premises, nextId: createIds(5, SINCE), maxUsers: () => settings.max_users });
  const uploads = createUploads(premises, () => settings.max_upload_bytes);
  const targets = createTargets({ store, deliveries: premises.deliveries, format: settings, url: premises.url });
  const showing = { url: premises.url, requestSubject: () => settings.request_subject };
  const tickets = createTickets({ store, people, uploads, targets, premises, nextId: createIds(10, SINCE), showing, switches: settings });
  const catalogue = createCatalogue(store, people);
  const account = createBudget(premises.clock, 60_000);

  const answer = (format: string, element: Element, status = 200): Reply =>
    format === 'json' || settings.xml_answers_json
      ? { status, text: JSON.stringify(toJson(element)), type: 'application/json; charset=utf-8' }
      : { status, text: toXml(element), type: 'application/xml; charset=utf-8' };

  const routesOf = (format: 'xml' | 'json'): readonly Route[] => {
    const read = (path: string, show: (call: Call) => Element): Route => ({ method: 'GET', path: `/${format}/${path}`, handle: (call) => answer(format, show(call)) });
    const write = (method: string, path: string, handle: (call: Call) => Reply): Route => ({ method, path: `/${format}/${path}`, reads: 'text', handle });
    return [
      write('POST', 'tickets', tickets.create),
      read('tickets/:id', tickets.show),
      write('PUT', 'tickets/:id', tickets.update),
      write('DELETE', 'tickets/:id', tickets.destroy),
      read('rules/:id', tickets.view),
      read('requests', tickets.listRequests),
      write('POST', 'requests', tickets.createRequest),
      read('requests/:id', tickets.showRequest),
      write('PUT', 'requests/:id', tickets.updateRequest),
      write('DELETE', 'requests/:id', tickets.destroyRequest),
      read('users', people.list),
      write('POST', 'users', people.create),
      read('users/current', people.current),
      read('users/:id', people.show),
      read('users/:id/user_identities', people.identities),
      { method: 'POST', path: `/${format}/uploads`, reads: 'bytes', handle: (call) => uploadAnswer(format, call) },
      read('account/twitter_accounts', catalogue.handles),
      read('ticket_fields', catalogue.fields),
      read('groups', catalogue.groups),
      read('groups/:id', catalogue.group),
      read('organizations', catalogue.organizations),
      read('organizations/:id', catalogue.organization),
    ];
  };

  function uploadAnswer(format: string, call: Call): Reply {
    const element = uploads.upload(call);
    if (format === 'xml' && !settings.xml_answers_json) return answer(format, element, 201);
    return { status: 201, text: JSON.stringify({ token: element.attributes?.['token'], ...(toJson(element) as Json) }), type: 'application/json; charset=utf-8' };
  }

  return {
    service: 'zendesk-classic',
    credentials: { email: PEOPLE[0]?.email ?? '', token: TOKEN_BOT },
    human: { email: PEOPLE[1]?.email ?? '', token: TOKEN_HUMAN },
    accountSettings: { view: 4001, view_order: 'updated' },
    routes: [...routesOf('xml'), ...routesOf('json'), { method: 'GET', path: '/attachments/token/:token', handle: uploads.download }],
    settings: settings as unknown as Json,
    settingsSchema: {
      rate_limit: limit,
      xml_answers_json: flag,
      page_size: { type: 'integer', minimum: 1, maximum: 100 },
      max_users: limit,
      max_upload_bytes: { type: 'integer', minimum: 0 },
      external_id_writable: flag,
      nested_comment: flag,
      solve_needs_assignee: flag,
      request_subject: flag,
      target_format: { enum: ['form', 'xml', 'json'] },
      target_attribute: text,
      target_message: { type: ['string', 'null'], minLength: 1 },
    },
    /** The suffix says the format; one sample of the vendor's has none. Files are asked for by their token. */
    normalise(path) {
      if (path.startsWith('/attachments/')) return path.replace(/\/$/, '');
      const [, stem = path, format = 'xml'] = /^(.*?)(?:\.(xml|json))?$/.exec(path) ?? [];
      return `/${format}${stem}`;
    },
    admit(call) {
      // A file's token is all that is needed.
      if (call.path.startsWith('/attachments/token/')) return { who: '' };
      if (settings.rate_limit !== null && account.take('account', settings.rate_limit).remaining < 0) return { refusal: throttled() };
      const user = people.authenticate(call.headers);
      return user === null ? { refusal: unauthenticated() } : { who: user.email ?? user.name };
    },
    stamp: () => ({ Date: new Date(premises.clock.now()).toUTCString() }),
    wording,
    unrouted: () => missing(),
    badBody: (why) => (why === 'size' ? refusal(['Attachment: is too large'], 413) : badRequest()),
    holds: () => ({
      tickets: [...store.tickets.values()].map(({ fields, ...ticket }) => ({
        ...ticket,
        fields: Object.fromEntries(fields),
        comments: ticket.comments.map(({ attachments, ...comment }) => ({ ...comment, attachments: attachments.map(({ id, filename, type, bytes }) => ({ id, filename, type, size: bytes.length })) })),
      })),
      users: [...store.users.values()].map(({ password: _password, ...user }) => user),
      webhooks: targets.all(),
    }),
    counts: () => ({ tickets: store.tickets.size, users: store.users.size, webhooks: targets.count() }),
    installWebhook: targets.install,
    reset() {
      account.clear();
      store.reset();
      uploads.clear();
      targets.clear();
    },
  };
}
