/** The fake Pigeonhole: what a sandbox desk needs at the least, over the kit. It knows nothing of the connector. */
import { createIds } from '../../../src/sandbox/kit/clock.ts';
import { Refused, type Call, type DeskModel, type Json, type Premises, type Reply } from '../../../src/sandbox/kit/desk.ts';
import { isTextList, objectAt, wholeNumber } from '../../../src/sandbox/kit/json.ts';

interface Case extends Json {
  readonly id: number;
  readonly notes: Json[];
}

const AGENTS: Readonly<Record<string, { readonly name: string; readonly email: string }>> = {
  'pigeon-bot-0001': { name: 'Deskmesh Bot', email: 'bot@example.com' },
  'pigeon-ann-0002': { name: 'Ann Agent', email: 'ann@example.com' },
};
const STATES = ['open', 'waiting', 'done', 'filed'];
const PER_PAGE = 50;

const problem = (status: number, text: string, at?: string): Reply => ({ status, body: { problem: text, ...(at !== undefined && { at }) } });
const refuse = (text: string, at: string): never => {
  throw new Refused(problem(422, text, at));
};

export function createPigeonhole({ clock, deliveries }: Premises): DeskModel {
  const nextId = createIds(10);
  const cases = new Map<number, Case>();
  let changes: { readonly number: number; readonly case: number; readonly at: string; readonly gone: boolean }[] = [];
  let carrier: { readonly url: string; readonly secret: string } | null = null;
  const now = (): string => new Date(clock.now()).toISOString();

  const show = ({ notes: _notes, ...shown }: Case): Json => shown;
  const find = ({ params }: Call): Case => cases.get(Number(params['id'])) ?? refuseMissing();
  const refuseMissing = (): never => {
    throw new Refused(problem(404, 'there is no such case'));
  };

  function tell(one: Case, event: string): void {
    const at = now();
    one['changed'] = at;
    changes.push({ number: (changes.at(-1)?.number ?? 0) + 1, case: one.id, at, gone: event === 'deleted' });
    if (carrier === null) return;
    const { url, secret } = carrier;
    const body = JSON.stringify({ case: one.id, event, at: `${at} ${changes.length}` });
    deliveries.send({ url, method: 'POST', compose: () => ({ body, headers: { 'Content-Type': 'application/json', 'X-Pigeonhole-Secret': secret } }), retry: (_outcome, attempt) => (attempt < 3 ? 1_000 : null) });
  }

  /** Only what is given changes. */
  function changed(input: Json): Json {
    const { title, body, state, urgency, labels, from } = input;
    if (title !== undefined && (typeof title !== 'string' || title.trim() === '')) refuse('a case needs a title', 'title');
    if (state !== undefined && !STATES.includes(String(state))) refuse(`a state is one of ${STATES.join(', ')}`, 'state');
    if (labels !== undefined && !isTextList(labels)) refuse('labels are texts', 'labels');
    return Object.fromEntries(Object.entries({ title, body, state, urgency, labels, from }).filter(([, value]) => value !== undefined));
  }

  const one = (status: number, shown: Case): Reply => ({ status, body: { case: show(shown) } });
  const given = (call: Call, name: string): Json => objectAt(call.body, name) ?? refuse(`the body must have a ${name}`, name);

  return {
    service: 'pigeonhole',
    credentials: { token: 'pigeon-bot-0001', webhook_secret: 'pigeon-carrier-secret' },
    human: { token: 'pigeon-ann-0002' },
    settings: {},
    settingsSchema: {},
    normalise: (path) => path,
    admit: ({ headers }) => {
      const agent = AGENTS[String(headers['x-token'])];
      return agent === undefined ? { refusal: problem(401, 'who are you?') } : { who: agent.email };
    },
    stamp: () => ({}),
    wording: (status) => problem(status, 'as ordered'),
    unrouted: () => problem(404, 'there is nothing here'),
    badBody: () => problem(400, 'this cannot be read'),
    holds: () => ({ tickets: [...cases.values()].map(({ notes, ...rest }) => ({ ...rest, comments: notes })), users: Object.values(AGENTS), webhooks: carrier === null ? [] : [carrier] }),
    counts: () => ({ tickets: cases.size }),
    installWebhook: ({ url, secret }) => (carrier = { url, secret: secret ?? 'pigeon-carrier-secret' }),
    reset() {
      cases.clear();
      changes = [];
      carrier = null;
    },
    routes: [
      { method: 'GET', path: '/api/me', handle: ({ who }) => ({ status: 200, body: { name: 'An agent', mail: who } }) },
      {
        method: 'GET',
        path: '/api/cases',
        handle: ({ query }) => {
          const reference = query.get('reference');
          const all = [...cases.values()].filter((found) => reference === null || found['reference'] === reference);
          const page = wholeNumber(query.get('page')) ?? 1;
          return { status: 200, body: { cases: all.slice((page - 1) * PER_PAGE, page * PER_PAGE).map(show), more: all.length > page * PER_PAGE } };
        },
      },
      {
        method: 'POST',
        path: '/api/cases',
        handle: (call) => {
          const input = given(call, 'case');
          if (input['title'] === undefined) refuse('a case needs a title', 'title');
          const made: Case = { id: nextId(), body: null, state: 'open', urgency: 1, labels: [], from: null, reference: input['reference'] ?? null, created: now(), ...changed(input), notes: [] };
          cases.set(made.id, made);
          tell(made, 'created');
          return one(201, made);
        },
      },
      { method: 'GET', path: '/api/cases/:id', handle: (call) => one(200, find(call)) },
      {
        method: 'PATCH',
        path: '/api/cases/:id',
        handle: (call) => {
          const found = Object.assign(find(call), changed(given(call, 'case')));
          tell(found, 'changed');
          return one(200, found);
        },
      },
      {
        method: 'DELETE',
        path: '/api/cases/:id',
        handle: (call) => {
          const found = find(call);
          cases.delete(found.id);
          tell(found, 'deleted');
          return { status: 204 };
        },
      },
      { method: 'GET', path: '/api/cases/:id/notes', handle: (call) => ({ status: 200, body: { notes: find(call).notes } }) },
      {
        method: 'POST',
        path: '/api/cases/:id/notes',
        handle: (call) => {
          const found = find(call);
          const { html, internal, reference } = given(call, 'note');
          if (typeof html !== 'string' || html === '') refuse('a note needs a text', 'html');
          const note = { id: nextId(), html, internal: internal === true, by: call.who, reference: reference ?? null, at: now() };
          found.notes.push(note);
          tell(found, 'noted');
          return { status: 201, body: { note } };
        },
      },
      {
        method: 'GET',
        path: '/api/changes',
        handle: ({ query }) => {
          const after = wholeNumber(query.get('after')) ?? 0;
          const since = Date.parse(query.get('since') ?? '') || 0;
          const rest = changes.filter(({ number, at }) => number > after && Date.parse(at) >= since);
          const told = rest.slice(0, PER_PAGE);
          return { status: 200, body: { changes: told.map(({ number: _number, ...shown }) => shown), last: told.at(-1)?.number ?? Math.max(after, changes.at(-1)?.number ?? 0), more: rest.length > told.length } };
        },
      },
    ],
  };
}
