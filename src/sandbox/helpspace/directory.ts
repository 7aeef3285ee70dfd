/** Tags, and the two lists without any other call: teams and agents. https://documentation.helpspace.com/api-tags */
import { Refused, type Call, type Json, type Premises, type Route } from '../kit/desk.ts';
import { isJson, wholeNumber } from '../kit/json.ts';
import { deleted, missing, problem, refuseIf, type Problems } from './errors.ts';
import { AGENTS, slugOf, TEAMS, type Agent, type Store, type Tag, type Team } from './model.ts';
import { pageOf } from './paging.ts';
import type { Webhook } from './webhook.ts';

/** The page of tags says `tickets`, the page of tickets `ticket`; organization tags occur as well. */
const TAG_TYPES: readonly string[] = ['tickets', 'ticket', 'docs', 'all', 'organizations'];

export function directoryRoutes(parts: { readonly store: Store; readonly premises: Premises; readonly nextId: () => number; readonly webhook: Webhook }): readonly Route[] {
  const { store, premises, webhook } = parts;
  const show = (tag: Tag): Json => ({ ...tag });
  const showAgent = ({ id, name, email }: Agent): Json => ({ id, name, email, is_agent: true });
  const showTeam = ({ id, name, members }: Team): Json => ({ id, name, members: AGENTS.filter((agent) => members.includes(agent.id)).map(showAgent) });

  const tagOf = ({ params }: Call): Tag => {
    const found = store.tags.get(wholeNumber(params['id']) ?? 0);
    if (!found) throw new Refused(missing('Tag', params['id'] ?? ''));
    return found;
  };

  function read({ body }: Call, before: Tag | null): Tag {
    const input = isJson(body) ? body : {};
    const problems: Problems = new Map();
    const name = input['name'] ?? before?.name;
    const color = input['color'] ?? before?.color ?? '#1477EA';
    const type = input['type'] ?? before?.type ?? 'all';
    if (typeof name !== 'string' || name.trim() === '') problem(problems, 'name', 'The name field is required.');
    else if ([...store.tags.values()].some((tag) => tag.id !== before?.id && tag.name.toLowerCase() === name.trim().toLowerCase())) {
      problem(problems, 'name', 'The name has already been taken.');
    }
    if (typeof color !== 'string' || !/^#[0-9a-f]{6}$/i.test(color)) problem(problems, 'color', 'The color format is invalid.');
    if (typeof type !== 'string' || !TAG_TYPES.includes(type)) problem(problems, 'type', 'The selected type is invalid.');
    refuseIf(problems);
    const slug = input['slug'];
    return {
      id: before?.id ?? parts.nextId(),
      name: String(name).trim(),
      slug: typeof slug === 'string' && slug !== '' ? slug : slugOf(String(name)),
      color: String(color),
      type: String(type),
    };
  }

  return [
    { method: 'GET', path: '/api/v1/agents', handle: (call) => pageOf(AGENTS, showAgent, call, premises.url()) },
    { method: 'GET', path: '/api/v1/teams', handle: (call) => pageOf(TEAMS, showTeam, call, premises.url()) },
    { method: 'GET', path: '/api/v1/tags', handle: (call) => pageOf([...store.tags.values()], show, call, premises.url()) },
    {
      method: 'POST',
      path: '/api/v1/tags',
      handle: (call) => {
        const tag = read(call, null);
        store.tags.set(tag.id, tag);
        webhook.fire('tag', 'created', show(tag));
        return { status: 201, body: { data: show(tag) } };
      },
    },
    { method: 'GET', path: '/api/v1/tags/:id', handle: (call) => ({ status: 200, body: { data: show(tagOf(call)) } }) },
    {
      method: 'PATCH',
      path: '/api/v1/tags/:id',
      handle: (call) => {
        const tag = read(call, tagOf(call));
        store.tags.set(tag.id, tag);
        for (const ticket of store.tickets.values()) ticket.tags = ticket.tags.map((worn) => (worn.id === tag.id ? tag : worn));
        webhook.fire('tag', 'updated', show(tag));
        return { status: 200, body: { data: show(tag) } };
      },
    },
    {
      method: 'DELETE',
      path: '/api/v1/tags/:id',
      handle: (call) => {
        const tag = tagOf(call);
        store.tags.delete(tag.id);
        for (const ticket of store.tickets.values()) ticket.tags = ticket.tags.filter((worn) => worn.id !== tag.id);
        webhook.fire('tag', 'deleted', show(tag));
        return deleted();
      },
    },
  ];
}
