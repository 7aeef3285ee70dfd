/** What the account's owner has set up, to be read: groups, organizations, ticket fields and Twitter accounts. */
import { Refused, type Call } from '../kit/desk.ts';
import { wholeNumber } from '../kit/json.ts';
import { leaf, list, record, type Element } from './document.ts';
import { missing } from './errors.ts';
import { CUSTOM_FIELDS, GROUPS, HANDLES, ORGANIZATIONS, type CustomField, type Store } from './model.ts';
import type { People } from './people.ts';
import { showUser } from './show.ts';

const array = (name: string, items: readonly Element[]): Element => list(name, items, { type: 'array', count: String(items.length) });
const integer = (name: string, value: number): Element => ({ name, value, attributes: { type: 'integer' } });

const SYSTEM: readonly CustomField[] = ['Subject', 'Description', 'Status', 'TicketType', 'Priority', 'Group', 'Assignee'].map((name, at) => ({ id: 101 + at, type: `Field${name}`, title: name }));

const field = ({ id, type, title, options }: CustomField): Element =>
  record('record', [
    leaf('id', id),
    leaf('type', type),
    leaf('title', title),
    leaf('description', null),
    leaf('is-active', true),
    leaf('is-required', false),
    ...(options === undefined
      ? []
      : [list('custom-field-options', options.map((option) => record('custom-field-option', [leaf('id', option.id), leaf('name', option.name), leaf('value', option.value)])), { type: 'array' })]),
  ]);

export interface Catalogue {
  groups(call: Call): Element;
  group(call: Call): Element;
  organizations(call: Call): Element;
  organization(call: Call): Element;
  fields(call: Call): Element;
  handles(call: Call): Element;
}

export function createCatalogue(store: Store, people: People): Catalogue {
  const showGroup = ({ id, name, members }: (typeof GROUPS)[number]): Element =>
    record('group', [
      integer('id', id),
      leaf('is-active', true),
      leaf('name', name),
      list('users', members.flatMap((member) => store.users.get(member) ?? []).map(showUser)),
    ]);
  const showOrganization = ({ id, name, domain }: (typeof ORGANIZATIONS)[number]): Element =>
    record('organization', [leaf('id', id), leaf('name', name), leaf('is-shared', true), leaf('default', domain)]);
  const one = <T extends { readonly id: number }>(all: readonly T[], call: Call): T => {
    const found = all.find(({ id }) => id === wholeNumber(call.params['id']));
    if (found === undefined) throw new Refused(missing());
    return found;
  };
  const forAgents = (show: (call: Call) => Element) => (call: Call): Element => {
    people.agent(call);
    return show(call);
  };
  return {
    groups: forAgents(() => array('groups', GROUPS.map(showGroup))),
    group: forAgents((call) => showGroup(one(GROUPS, call))),
    organizations: forAgents(() => list('organizations', ORGANIZATIONS.map(showOrganization))),
    organization: forAgents((call) => showOrganization(one(ORGANIZATIONS, call))),
    fields: forAgents(() => array('ticket-fields', [...SYSTEM, ...CUSTOM_FIELDS].map(field))),
    handles: forAgents(() =>
      array('monitored-twitter-handles', HANDLES.map((handle) => record('monitored-twitter-handle', [integer('id', handle.id), integer('twitter-user-id', handle.twitter_user_id), leaf('screen-name', handle.screen_name)]))),
    ),
  };
}
