/**
 * Triggers: business rules that run after a save, change the ticket, and call webhooks with a body that the administrator
 * wrote, placeholders and all. Source: developer.zendesk.com "Ticket triggers", "Creating and monitoring webhooks". The
 * conditions and actions here are those that mirrors meet; others are kept but never hold, or do nothing.
 */
import { isoSeconds } from '../kit/clock.ts';
import { Refused, type Call, type Json, type Reply, type Route } from '../kit/desk.ts';
import { isJson, objectAt, printed, wholeNumber } from '../kit/json.ts';
import { expand, placeholders } from './comments.ts';
import { missingParameter, notFound, recordInvalid } from './errors.ts';
import type { Happening, Receiver } from './events.ts';
import { PRIORITIES, STATUSES, type Ticket, type User } from './model.ts';
import { readWrite } from './reading.ts';
import { paged } from './paging.ts';
import type { Desk } from './tickets.ts';

interface Condition {
  readonly field: string;
  readonly operator: string;
  readonly value: string;
}
interface Action {
  readonly field: string;
  readonly value: unknown;
}
interface Trigger {
  readonly id: number;
  readonly title: string;
  readonly active: boolean;
  readonly all: readonly Condition[];
  readonly any: readonly Condition[];
  readonly actions: readonly Action[];
  readonly created_at: string;
  readonly updated_at: string;
}

/** What a rule can ask of one save. */
interface Save {
  readonly ticket: Ticket;
  readonly actor: User;
  readonly happenings: readonly Happening[];
}

export interface Triggers {
  readonly routes: readonly Route[];
  /** Runs the rules after a save. Each of them fires at most once for it, also where rules set each other off. */
  fire(save: Save): void;
  clear(): void;
}

const SCALES: Readonly<Record<string, readonly string[]>> = { status: STATUSES, priority: PRIORITIES };
const CHANGES: Readonly<Record<string, Happening['name']>> = {
  status: 'status_changed', priority: 'priority_changed', type: 'type_changed', assignee_id: 'agent_assignment_changed', group_id: 'group_assignment_changed',
  requester_id: 'requester_changed', current_tags: 'tags_changed',
};

function holds({ field, operator, value }: Condition, { ticket, actor, happenings }: Save): boolean {
  if (operator === 'changed') return happenings.some(({ name }) => name === CHANGES[field]);
  switch (field) {
    case 'update_type':
      return (value === 'Create') === happenings.some(({ name }) => name === 'created');
    case 'comment_is_public': {
      const said = happenings.some(({ name }) => name === 'comment_added');
      const visible = ticket.comments.at(-1)?.public === true;
      return said && (value === 'not_relevant' || (value === 'false' ? !visible : visible));
    }
    case 'current_tags': {
      const some = value.split(/\s+/).some((tag) => ticket.tags.includes(tag));
      return operator.startsWith('not_') ? !some : some;
    }
    case 'role':
      return (operator !== 'is_not') === (value === actor.role || value === String(actor.id) || (value === 'agent' && actor.role === 'admin'));
    case 'status':
    case 'priority':
    case 'type':
    case 'assignee_id':
    case 'group_id':
    case 'requester_id':
    case 'organization_id':
    case 'brand_id': {
      const is = ticket[field] === null ? '' : String(ticket[field]);
      const scale = SCALES[field];
      if (operator === 'less_than') return scale !== undefined && scale.indexOf(is) < scale.indexOf(value);
      if (operator === 'greater_than') return scale !== undefined && scale.indexOf(is) > scale.indexOf(value);
      return (is === value) === (operator !== 'is_not');
    }
    default:
      return false;
  }
}

export function createTriggers(desk: Desk, webhooks: { receiver(id: string): Receiver | null; deliver(receiver: Receiver, body: string): void }): Triggers {
  const { store, people, reading, saves, premises, nextId } = desk;
  const triggers = new Map<number, Trigger>();
  /** Those that have fired for the save that is being worked off. */
  let fired: Set<number> | null = null;

  const url = (id: number): string => `${premises.url()}/api/v2/triggers/${id}.json`;
  const show = (trigger: Trigger): Json => ({
    url: url(trigger.id), id: trigger.id, title: trigger.title, raw_title: trigger.title, active: trigger.active, position: 0, description: null, default: false,
    category_id: null, conditions: { all: trigger.all, any: trigger.any }, actions: trigger.actions, created_at: trigger.created_at, updated_at: trigger.updated_at,
  });

  const conditions = (value: unknown): readonly Condition[] =>
    (Array.isArray(value) ? value.filter(isJson) : []).map((one) => ({ field: printed(one['field']), operator: printed(one['operator'] ?? 'is'), value: printed(one['value'] ?? '') }));

  function read(call: Call, before: Trigger | null): Trigger {
    people.admin(call);
    const given = objectAt(call.body, 'trigger');
    if (!given) throw missingParameter('trigger');
    const title = given['title'] ?? before?.title;
    if (typeof title !== 'string' || title === '') throw recordInvalid('title', { description: 'Title: cannot be blank', error: 'BlankValue' });
    const rules = isJson(given['conditions']) ? given['conditions'] : null;
    const all = rules ? conditions(rules['all']) : (before?.all ?? []);
    const any = rules ? conditions(rules['any']) : (before?.any ?? []);
    if (all.length + any.length === 0) throw recordInvalid('base', { description: 'Conditions: cannot be blank', error: 'BlankValue' });
    const actions = Array.isArray(given['actions'])
      ? given['actions'].filter(isJson).map((one) => ({ field: printed(one['field']), value: one['value'] }))
      : (before?.actions ?? []);
    if (actions.length === 0) throw recordInvalid('base', { description: 'Actions: cannot be blank', error: 'BlankValue' });
    const now = isoSeconds(premises.clock.now());
    const active = typeof given['active'] === 'boolean' ? given['active'] : (before?.active ?? true);
    return { id: before?.id ?? nextId(), title, active, all, any, actions, created_at: before?.created_at ?? now, updated_at: now };
  }

  /** What the actions write to the ticket itself; undefined where they write nothing. */
  function changes(trigger: Trigger, ticket: Ticket): Json | undefined {
    const patch: Json = {};
    for (const { field, value } of trigger.actions) {
      const tags = printed(value).split(/\s+/);
      if (['status', 'priority', 'type', 'assignee_id', 'group_id'].includes(field)) patch[field] = value;
      else if (field === 'set_tags') patch['tags'] = tags;
      else if (field === 'current_tags') patch['tags'] = [...ticket.tags, ...tags];
      else if (field === 'remove_tags') patch['tags'] = ticket.tags.filter((tag) => !tags.includes(tag));
    }
    return Object.keys(patch).length > 0 ? patch : undefined;
  }

  function act(trigger: Trigger, { ticket, actor }: Save): void {
    const patch = ticket.status === 'closed' ? undefined : changes(trigger, ticket);
    if (patch) {
      const via = { channel: 'rule', source: { from: { id: trigger.id, title: trigger.title, deleted: false }, to: {}, rel: 'trigger' } };
      desk.raise(ticket, actor, saves.update(ticket, readWrite(patch, ticket, 'update', reading), actor, { via }).happenings);
    }
    const facts = placeholders(ticket, actor, store, premises.url());
    for (const { field, value } of trigger.actions) {
      if (field !== 'notification_webhook' || !Array.isArray(value)) continue;
      const receiver = webhooks.receiver(printed(value[0]));
      // Rendered as plain text: a quote in a subject breaks the JSON around it.
      if (receiver) webhooks.deliver(receiver, expand(typeof value[1] === 'string' ? value[1] : JSON.stringify(value[1] ?? {}), facts));
    }
  }

  const base = '/api/v2/triggers';
  const find = ({ params }: Call): Trigger => {
    const trigger = triggers.get(wholeNumber(params['id']) ?? 0);
    if (!trigger) throw new Refused(notFound());
    return trigger;
  };
  const keep = (trigger: Trigger): Json => {
    triggers.set(trigger.id, trigger);
    return { trigger: show(trigger) };
  };
  const order = { place: () => 0, id: ({ id }: Trigger) => id, descending: false };
  const list = ({ query }: Call, path: string, rows: readonly Trigger[]): Reply => ({
    status: 200,
    body: paged({ key: 'triggers', rows, order, show, address: `${premises.url()}/api/v2/${path}.json` }, query),
  });

  return {
    clear: () => triggers.clear(),
    fire(save) {
      if (triggers.size === 0 || save.happenings.length === 0) return;
      const first = fired === null;
      const done = (fired ??= new Set());
      try {
        for (const trigger of triggers.values()) {
          if (!trigger.active || done.has(trigger.id)) continue;
          if (!trigger.all.every((one) => holds(one, save)) || (trigger.any.length > 0 && !trigger.any.some((one) => holds(one, save)))) continue;
          done.add(trigger.id);
          act(trigger, save);
        }
      } finally {
        if (first) fired = null;
      }
    },
    routes: [
      { method: 'GET', path: base, handle: (call) => list(call, 'triggers', [...triggers.values()]) },
      { method: 'GET', path: `${base}/active`, handle: (call) => list(call, 'triggers/active', [...triggers.values()].filter(({ active }) => active)) },
      { method: 'POST', path: base, handle: (call) => ({ status: 201, body: keep(read(call, null)) }) },
      { method: 'GET', path: `${base}/:id`, handle: (call) => ({ status: 200, body: { trigger: show(find(call)) } }) },
      { method: 'PUT', path: `${base}/:id`, handle: (call) => ({ status: 200, body: keep(read(call, find(call))) }) },
      {
        method: 'DELETE',
        path: `${base}/:id`,
        handle: (call) => {
          people.admin(call);
          triggers.delete(find(call).id);
          return { status: 204 };
        },
      },
    ],
  };
}
