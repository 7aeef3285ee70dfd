/** Agents, groups and companies. Agents and groups are an administrator's business, but for `/agents/me`. Source: developers.freshdesk.com. */
import { isoSeconds, type Clock } from '../kit/clock.ts';
import { Refused, type Call, type Json, type Reply, type Route } from '../kit/desk.ts';
import { isTextList, wholeNumber } from '../kit/json.ts';
import { blank, invalidField, missing, notA, validationFailed, type Problem } from './errors.ts';
import { readInput } from './form.ts';
import type { Company, Group, Person, Store } from './model.ts';
import { demandKnown, pageOf } from './paging.ts';
import type { People } from './people.ts';
import { searchPage } from './search.ts';

const COMPANY_KEYS: ReadonlySet<string> = new Set(['name', 'domains', 'description', 'note', 'custom_fields', 'health_score', 'account_tier', 'renewal_date', 'industry', 'lookup_parameter']);

export function organisationRoutes(store: Store, people: People, clock: Clock, url: () => string, nextId: () => number): readonly Route[] {
  const idIn = (call: Call): number => wholeNumber(call.params['id']) ?? 0;
  const there = <T>(found: T | undefined): T => {
    if (found === undefined) throw new Refused(missing());
    return found;
  };

  const agents = (): readonly Person[] => [...store.people.values()].filter(({ agent }) => agent !== null);
  function listAgents(call: Call): Reply {
    people.demandAdmin(call);
    demandKnown(call.query, ['page', 'per_page', 'email', 'phone', 'mobile', 'state', 'group_id']);
    const email = call.query.get('email')?.toLowerCase();
    const rows = agents().filter((person) => email === undefined || person.email?.toLowerCase() === email);
    return pageOf(rows, people.showAgent, call, `${url()}/api/v2/agents`);
  }

  /** Lists do not tell who is in a group; only a group by itself does (seen on live accounts). */
  const showGroup = (group: Group, members: boolean): Json => ({
    id: group.id, name: group.name, description: group.description, escalate_to: null, unassigned_for: null, business_hour_id: null, group_type: 'support_agent_group',
    auto_ticket_assign: 0, agent_ids: members ? group.agent_ids : null, created_at: group.created_at, updated_at: group.created_at,
  });

  const showCompany = (company: Company): Json => ({ ...company, custom_fields: {}, health_score: null, account_tier: null, renewal_date: null, industry: null });
  const companies = (): readonly Company[] => [...store.companies.values()];
  /** `before` is null for a create; a name is taken once. */
  function readCompany(call: Call, before: Company | null): Partial<Company> {
    const { fields } = readInput(call);
    const problems: Problem[] = Object.keys(fields).filter((key) => !COMPANY_KEYS.has(key)).map(invalidField);
    const { name, domains, description, note } = fields;
    if (name === undefined ? before === null : typeof name !== 'string') problems.push(notA('name', 'String', name === undefined ? 'missing_field' : 'datatype_mismatch'));
    else if (typeof name === 'string' && name.trim() === '') problems.push(blank('name'));
    if (domains !== undefined && !isTextList(domains)) problems.push(notA('domains', 'Array'));
    for (const [key, value] of [['description', description], ['note', note]] as const) {
      if (value !== undefined && value !== null && typeof value !== 'string') problems.push(notA(key, 'String'));
    }
    if (problems.length > 0) throw validationFailed(problems);
    if (typeof name === 'string' && companies().some((company) => company !== before && company.name.toLowerCase() === name.toLowerCase())) {
      throw validationFailed([{ field: 'name', message: 'It should be a unique value', code: 'duplicate_value' }], 409);
    }
    return {
      ...(typeof name === 'string' && { name }),
      ...(isTextList(domains) && { domains }),
      ...(description !== undefined && { description: typeof description === 'string' ? description : null }),
      ...(note !== undefined && { note: typeof note === 'string' ? note : null }),
    };
  }
  function createCompany(call: Call): Reply {
    const at = isoSeconds(clock.now());
    const company: Company = { name: '', domains: [], description: null, note: null, ...readCompany(call, null), id: nextId(), created_at: at, updated_at: at };
    store.companies.set(company.id, company);
    return { status: 201, body: showCompany(company), headers: { Location: `${url()}/api/v2/companies/${company.id}` } };
  }
  const companyField = (name: string): ((company: Company) => unknown) | undefined =>
    name === 'name' ? (company) => company.name : name === 'domain' ? (company) => company.domains : undefined;

  return [
    { method: 'GET', path: '/api/v2/agents/me', handle: (call) => ({ status: 200, body: people.showAgent(people.caller(call)) }) },
    { method: 'GET', path: '/api/v2/agents', handle: listAgents },
    {
      method: 'GET',
      path: '/api/v2/agents/:id',
      handle: (call) => {
        people.demandAdmin(call);
        const id = idIn(call);
        return { status: 200, body: people.showAgent(there(agents().find((person) => person.id === id))) };
      },
    },
    {
      method: 'GET',
      path: '/api/v2/groups',
      handle: (call) => {
        people.demandAdmin(call);
        return pageOf([...store.groups.values()], (group) => showGroup(group, false), call, `${url()}/api/v2/groups`);
      },
    },
    {
      method: 'GET',
      path: '/api/v2/groups/:id',
      handle: (call) => {
        people.demandAdmin(call);
        return { status: 200, body: showGroup(there(store.groups.get(idIn(call))), true) };
      },
    },
    { method: 'GET', path: '/api/v2/companies', handle: (call) => pageOf(companies(), showCompany, call, `${url()}/api/v2/companies`) },
    { method: 'POST', path: '/api/v2/companies', handle: createCompany },
    {
      method: 'GET',
      path: '/api/v2/companies/autocomplete',
      handle: ({ query }) => {
        const name = query.get('name')?.toLowerCase() ?? '';
        const found = name === '' ? [] : companies().filter((company) => company.name.toLowerCase().startsWith(name));
        return { status: 200, body: { companies: found.map((company) => ({ id: company.id, name: company.name })) } };
      },
    },
    { method: 'GET', path: '/api/v2/search/companies', handle: (call) => searchPage(call, companies(), companyField, showCompany) },
    { method: 'GET', path: '/api/v2/companies/:id', handle: (call) => ({ status: 200, body: showCompany(there(store.companies.get(idIn(call)))) }) },
    {
      method: 'PUT',
      path: '/api/v2/companies/:id',
      handle: (call) => {
        const company = there(store.companies.get(idIn(call)));
        Object.assign(company, readCompany(call, company), { updated_at: isoSeconds(clock.now()) });
        return { status: 200, body: showCompany(company) };
      },
    },
    {
      method: 'DELETE',
      path: '/api/v2/companies/:id',
      handle: (call) => {
        store.companies.delete(there(store.companies.get(idIn(call))).id);
        for (const holder of [...store.people.values(), ...store.tickets.values()]) if (holder.company_id === idIn(call)) holder.company_id = null;
        return { status: 204 };
      },
    },
  ];
}
