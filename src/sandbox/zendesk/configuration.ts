/** What the account's owner has set up: ticket fields, custom statuses, forms, brands. Sources: developer.zendesk.com "Ticket fields", "Custom ticket statuses", "Ticket forms". */
import { isoSeconds } from '../kit/clock.ts';
import { Refused, type Call, type Json, type Premises, type Reply, type Route } from '../kit/desk.ts';
import { isJson, objectAt, printed, wholeNumber } from '../kit/json.ts';
import { BORN, BRAND_ID, FORM_ID } from './account.ts';
import { missingParameter, notFound, recordInvalid } from './errors.ts';
import type { CustomStatus, FieldOption, Status, TicketField } from './model.ts';
import { paged } from './paging.ts';
import type { People } from './people.ts';
import type { Store } from './store.ts';

const FIELD_TYPES: readonly string[] = ['text', 'textarea', 'checkbox', 'date', 'integer', 'decimal', 'regexp', 'multiselect', 'tagger'];
const CATEGORIES: readonly string[] = ['new', 'open', 'pending', 'hold', 'solved'] satisfies readonly Status[];

export function createConfiguration(parts: {
  readonly store: Store;
  readonly people: People;
  readonly premises: Premises;
  readonly nextId: () => number;
  readonly copies: () => boolean;
  readonly privateAttachments: () => boolean;
}): readonly Route[] {
  const { store, people, premises, nextId } = parts;
  const address = (path: string): string => `${premises.url()}/api/v2/${path}.json`;
  const now = (): string => isoSeconds(premises.clock.now());
  const byId = { place: () => 0, id: ({ id }: { readonly id: number }) => id, descending: false };

  const field = (found: TicketField): Json => ({
    url: address(`ticket_fields/${found.id}`),
    id: found.id,
    type: found.type,
    title: found.title,
    raw_title: found.title,
    description: found.description,
    raw_description: found.description,
    position: [...store.fields.keys()].indexOf(found.id),
    active: found.active,
    required: found.required,
    collapsed_for_agents: false,
    regexp_for_validation: found.regexp,
    title_in_portal: found.title,
    raw_title_in_portal: found.title,
    visible_in_portal: true,
    editable_in_portal: true,
    required_in_portal: false,
    tag: found.tag,
    created_at: BORN,
    updated_at: BORN,
    removable: found.removable,
    agent_description: null,
    ...(found.options ? { custom_field_options: found.options.map((option) => ({ ...option, raw_name: option.name, default: false })) } : {}),
  });
  const status = (found: CustomStatus): Json => ({
    url: address(`custom_statuses/${found.id}`),
    id: found.id,
    status_category: found.category,
    agent_label: found.agent_label,
    raw_agent_label: found.agent_label,
    end_user_label: found.end_user_label,
    raw_end_user_label: found.end_user_label,
    description: found.description,
    raw_description: found.description,
    end_user_description: '',
    raw_end_user_description: '',
    active: found.active,
    default: found.default,
    created_at: found.created_at,
    updated_at: found.updated_at,
  });
  const form = (): Json => ({
    url: address(`ticket_forms/${FORM_ID}`), id: FORM_ID, name: 'Default Ticket Form', raw_name: 'Default Ticket Form', display_name: 'Default Ticket Form',
    raw_display_name: 'Default Ticket Form', end_user_visible: false, position: 1, active: true, default: true, in_all_brands: true, restricted_brand_ids: [],
    ticket_field_ids: [...store.fields.keys()], end_user_conditions: [], agent_conditions: [], created_at: BORN, updated_at: BORN,
  });
  const brand = (): Json => ({
    url: address(`brands/${BRAND_ID}`), id: BRAND_ID, name: 'Example', brand_url: premises.url(), subdomain: 'example', host_mapping: null,
    has_help_center: false, active: true, default: true, is_deleted: false, ticket_form_ids: [FORM_ID], signature_template: '{{agent.signature}}', created_at: BORN, updated_at: BORN,
  });

  function readOptions(value: unknown): readonly FieldOption[] {
    return (Array.isArray(value) ? value.filter(isJson) : []).map((option) => {
      const name = printed(option['name'] ?? '');
      const tag = typeof option['value'] === 'string' && option['value'] !== '' ? option['value'] : name;
      return { id: Number(option['id']) || nextId(), name, value: tag.toLowerCase().replace(/\s+/g, '_') };
    });
  }

  function applyField(found: TicketField, given: Json): void {
    if (typeof given['title'] === 'string' && given['title'] !== '') found.title = given['title'];
    if (typeof given['description'] === 'string') found.description = given['description'];
    for (const key of ['required', 'active'] as const) if (typeof given[key] === 'boolean') found[key] = given[key];
    if (typeof given['regexp_for_validation'] === 'string') found.regexp = given['regexp_for_validation'];
    if (typeof given['tag'] === 'string') found.tag = given['tag'];
    if (given['custom_field_options'] !== undefined && found.options) found.options = readOptions(given['custom_field_options']);
  }

  const input = (call: Call, key: string): Json => {
    people.admin(call);
    const given = objectAt(call.body, key);
    if (!given) throw missingParameter(key);
    return given;
  };
  const findField = ({ params }: Call): TicketField => {
    const found = store.fields.get(wholeNumber(params['id']) ?? 0);
    if (!found) throw new Refused(notFound());
    return found;
  };
  const findStatus = ({ params }: Call): CustomStatus => {
    const found = store.statuses.get(wholeNumber(params['id']) ?? 0);
    if (!found) throw new Refused(notFound());
    return found;
  };

  function createField(call: Call): Reply {
    const given = input(call, 'ticket_field');
    const type = given['type'];
    if (typeof type !== 'string' || !FIELD_TYPES.includes(type)) throw recordInvalid('type', { description: 'Type: is not valid', error: 'InvalidValue' });
    if (typeof given['title'] !== 'string' || given['title'] === '') throw recordInvalid('title', { description: 'Title: cannot be blank', error: 'BlankValue' });
    const made: TicketField = {
      id: nextId(), type, title: given['title'], description: '', required: false, active: true, removable: true, regexp: null, tag: null,
      options: type === 'tagger' || type === 'multiselect' ? [] : null,
    };
    applyField(made, given);
    store.fields.set(made.id, made);
    return { status: 201, body: { ticket_field: field(made) }, headers: { Location: address(`ticket_fields/${made.id}`) } };
  }

  function applyStatus(found: CustomStatus, given: Json): void {
    for (const key of ['agent_label', 'end_user_label', 'description'] as const) if (typeof given[key] === 'string') found[key] = given[key];
    if (typeof given['active'] === 'boolean' && !found.default) found.active = given['active'];
    found.updated_at = now();
  }

  function createStatus(call: Call): Reply {
    const given = input(call, 'custom_status');
    const category = given['status_category'];
    if (typeof category !== 'string' || !CATEGORIES.includes(category)) throw recordInvalid('status_category', { description: 'Status category: is not valid', error: 'InvalidValue' });
    if (typeof given['agent_label'] !== 'string' || given['agent_label'] === '') throw recordInvalid('agent_label', { description: 'Agent label: cannot be blank', error: 'BlankValue' });
    const made: CustomStatus = {
      id: nextId(), category: category as Status, agent_label: given['agent_label'], end_user_label: given['agent_label'], description: '', active: true, default: false,
      created_at: now(), updated_at: now(),
    };
    applyStatus(made, given);
    store.statuses.set(made.id, made);
    return { status: 201, body: { custom_status: status(made) } };
  }

  const fields = '/api/v2/ticket_fields';
  const statuses = '/api/v2/custom_statuses';
  return [
    {
      method: 'GET',
      path: fields,
      handle: ({ query }) => ({ status: 200, body: paged({ key: 'ticket_fields', rows: [...store.fields.values()], order: byId, show: field, address: address('ticket_fields') }, query) }),
    },
    { method: 'POST', path: fields, handle: createField },
    { method: 'GET', path: `${fields}/:id`, handle: (call) => ({ status: 200, body: { ticket_field: field(findField(call)) } }) },
    {
      method: 'PUT',
      path: `${fields}/:id`,
      handle: (call) => {
        const given = input(call, 'ticket_field');
        const found = findField(call);
        applyField(found, given);
        return { status: 200, body: { ticket_field: field(found) } };
      },
    },
    {
      method: 'DELETE',
      path: `${fields}/:id`,
      handle: (call) => {
        people.admin(call);
        const found = findField(call);
        if (!found.removable) throw recordInvalid('base', { description: 'System fields cannot be deleted', error: 'InvalidValue' });
        store.fields.delete(found.id);
        return { status: 204 };
      },
    },
    {
      method: 'GET',
      path: `${fields}/:id/options`,
      handle: (call) => ({ status: 200, body: { custom_field_options: (findField(call).options ?? []).map((option) => ({ ...option, raw_name: option.name })), next_page: null, previous_page: null } }),
    },
    {
      method: 'GET',
      path: statuses,
      handle: ({ query }) => {
        const [active, categories] = [query.get('active'), query.get('status_categories')?.split(',')];
        const rows = [...store.statuses.values()].filter((one) => (active === null || String(one.active) === active) && (categories?.includes(one.category) ?? true));
        return { status: 200, body: { custom_statuses: rows.map(status) } };
      },
    },
    { method: 'POST', path: statuses, handle: createStatus },
    { method: 'GET', path: `${statuses}/:id`, handle: (call) => ({ status: 200, body: { custom_status: status(findStatus(call)) } }) },
    {
      method: 'PUT',
      path: `${statuses}/:id`,
      handle: (call) => {
        const given = input(call, 'custom_status');
        const found = findStatus(call);
        applyStatus(found, given);
        return { status: 200, body: { custom_status: status(found) } };
      },
    },
    { method: 'GET', path: '/api/v2/ticket_forms', handle: () => ({ status: 200, body: { ticket_forms: [form()], next_page: null, previous_page: null, count: 1 } }) },
    { method: 'GET', path: '/api/v2/ticket_forms/:id', handle: ({ params }) => (Number(params['id']) === FORM_ID ? { status: 200, body: { ticket_form: form() } } : notFound()) },
    { method: 'GET', path: '/api/v2/brands', handle: () => ({ status: 200, body: { brands: [brand()], next_page: null, previous_page: null, count: 1 } }) },
    { method: 'GET', path: '/api/v2/brands/:id', handle: ({ params }) => (Number(params['id']) === BRAND_ID ? { status: 200, body: { brand: brand() } } : notFound()) },
    {
      method: 'GET',
      path: '/api/v2/account/settings',
      handle: () => ({
        status: 200,
        body: {
          settings: {
            tickets: {
              comments_public_by_default: true, is_first_comment_private_enabled: true, list_newest_comments_first: false, collaboration: parts.copies(),
              private_attachments: parts.privateAttachments(), email_attachments: false, tagging: true, allow_group_reset: true, modern_ticket_reassignment: true,
            },
            active_features: { customer_satisfaction: false, ticket_forms: true, user_org_fields: true, custom_statuses_enabled: true },
            api: { accepted_api_agreement: true, api_token_access: 'true' },
          },
        },
      }),
    },
    { method: 'GET', path: '/api/v2/ips', handle: () => ({ status: 200, body: { ips: { egress: { all: ['127.0.0.1/32'], specific: ['127.0.0.1/32'] }, ingress: { all: ['127.0.0.1/32'], specific: ['127.0.0.1/32'] } } } }) },
  ];
}
