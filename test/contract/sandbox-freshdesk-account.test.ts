/** What an account's set-up does to its tickets: required fields, SLA, plans, archive, merges, bulk jobs, people and companies. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { startSandbox, type SandboxDesk } from '../../src/sandbox/index.ts';
import { at, basic, clientOf, list, type Answer, type Client } from './sandbox-support.ts';

let desk: SandboxDesk;
let bot: Client;
let human: Client;

const DAY = 86_400_000;
const [BOT, ANN, BEN] = [1070040306628, 1070040306629, 1070040306630];
const BILLING = 1070000441222;

beforeAll(async () => {
  [desk] = (await startSandbox({ only: ['freshdesk'] })) as [SandboxDesk];
  bot = clientOf(desk.url, basic(`${String(desk.credentials['key'])}:X`));
  human = clientOf(desk.url, basic(`${String(desk.human['key'])}:X`));
});
afterEach(() => desk.reset());
afterAll(() => desk.close());

const create = (ticket: object = {}): Promise<Answer> =>
  bot.call('POST', '/api/v2/tickets', { subject: 'Printer', description: 'On fire', status: 2, priority: 1, email: 'cora@example.com', ...ticket });
const created = async (ticket: object = {}): Promise<number> => Number(at((await create(ticket)).body, 'id'));
const update = (id: number, patch: object): Promise<Answer> => bot.call('PUT', `/api/v2/tickets/${id}`, patch);
const show = async (id: number): Promise<unknown> => (await bot.call('GET', `/api/v2/tickets/${id}`)).body;
const errors = (answer: Answer): readonly unknown[] => list(answer.body, 'errors');
const setting = (settings: object): Promise<Answer> => bot.call('POST', '/__sandbox/settings', settings);
const texts = async (id: number): Promise<readonly unknown[]> => list((await bot.call('GET', `/api/v2/tickets/${id}/conversations`)).body).map((row) => at(row, 'body_text'));

describe('the form', () => {
  test('asks for what the account wants, new or closed, and shows that in its fields', async () => {
    await setting({ required_fields: ['cf_ref', 'type'], required_for_closure: ['cf_order'] });
    expect(errors(await create())).toEqual([
      { field: 'custom_fields.cf_ref', message: 'It should be a/an String', code: 'missing_field' },
      { field: 'type', message: 'It should be a/an String', code: 'missing_field' },
    ]);
    const id = await created({ type: 'Question', custom_fields: { cf_ref: 'R' } });
    expect(errors(await update(id, { status: 4 }))).toEqual([{ field: 'custom_fields.cf_order', message: 'It should be a/an Integer', code: 'missing_field' }]);
    expect((await update(id, { status: 4, custom_fields: { cf_order: 1 } })).status).toBe(200);
    const fields = list((await human.call('GET', '/api/v2/ticket_fields')).body);
    const flags = (name: string): unknown => fields.find((field) => at(field, 'name') === name);
    expect(flags('cf_ref')).toMatchObject({ required_for_agents: true });
    expect(flags('ticket_type')).toMatchObject({ required_for_agents: true });
    expect(flags('cf_order')).toMatchObject({ required_for_agents: false, required_for_closure: true });
  });

  test('a dependent field is a chain; a section’s field is there only with its type', async () => {
    const id = await created({ custom_fields: { cf_product: 'Printer', cf_model: 'P-100' } });
    expect(errors(await create({ custom_fields: { cf_model: 'P-100' } }))).toMatchObject([{ field: 'custom_fields.cf_model', code: 'invalid_value' }]);
    expect((await update(id, { custom_fields: { cf_part: 'Tray' } })).body).toMatchObject({ custom_fields: { cf_product: 'Printer', cf_model: 'P-100', cf_part: 'Tray' } });
    expect((await update(id, { custom_fields: { cf_product: 'Scanner' } })).body).toMatchObject({ custom_fields: { cf_product: 'Scanner', cf_model: null, cf_part: null } });
    expect(errors(await update(id, { custom_fields: { cf_impact: 'A team' } }))).toMatchObject([{ field: 'custom_fields.cf_impact', code: 'incompatible_field' }]);
    expect((await update(id, { type: 'Incident', custom_fields: { cf_impact: 'A team' } })).status).toBe(200);
  });

  test('administrators see it in another form, with choices as lists and sections apart', async () => {
    const fields = list((await bot.call('GET', '/api/v2/admin/ticket_fields')).body);
    const named = (name: string): unknown => fields.find((field) => at(field, 'name') === name);
    expect(at(named('cf_plan'), 'choices', 1)).toMatchObject({ position: 2, value: 'Pro', parent_choice_id: null });
    expect(at(named('cf_product'), 'choices', 0)).toMatchObject({ value: 'Printer', choices: [{ value: 'P-100', choices: [{ value: 'Drum' }, { value: 'Tray' }] }, { value: 'P-200' }] });
    expect(named('cf_product')).toMatchObject({ dependent_fields: [{ name: 'cf_model', level: 2 }, { name: 'cf_part', level: 3 }] });
    const typeField = named('ticket_type');
    const sections = list((await bot.call('GET', `/api/v2/admin/ticket_fields/${String(at(typeField, 'id'))}/sections`)).body);
    expect(sections).toMatchObject([{ label: 'Incident', choice_ids: [at(typeField, 'choices', 1, 'id')], ticket_field_ids: [at(named('cf_impact'), 'id')] }]);
    expect(at(named('cf_impact'), 'section_mappings', 0, 'section_id')).toBe(at(sections[0], 'id'));
    expect((await human.call('GET', '/api/v2/admin/ticket_fields')).status).toBe(403);
  });
});

describe('due dates and agents', () => {
  test('the SLA policy fills the dates in a moment later, and anew after a change of priority; set ones stay', async () => {
    await setting({ sla_fill_ms: 2000 });
    const id = await created();
    const own = await created({ due_by: '2035-01-01T00:00:00Z', fr_due_by: '2035-01-01T00:00:00Z' });
    expect(await show(id)).toMatchObject({ due_by: null, fr_due_by: null });
    await setting({ clock_offset_ms: 3000 });
    const filled = await show(id);
    const minutes = (ticket: unknown): number => (Date.parse(String(at(ticket, 'due_by'))) - Date.parse(String(at(ticket, 'created_at')))) / 60_000;
    expect(minutes(filled)).toBe(4320);
    expect((await update(id, { priority: 4 })).body).toMatchObject({ due_by: at(filled, 'due_by') });
    await setting({ clock_offset_ms: 6000 });
    expect(minutes(await show(id))).toBe(240);
    expect(await show(own)).toMatchObject({ due_by: '2035-01-01T00:00:00Z' });
  });

  test('a date is refused in the past and while the clock stands still', async () => {
    const later = { due_by: '2035-01-01T00:00:00Z', fr_due_by: '2035-01-01T00:00:00Z' };
    expect(errors(await create({ ...later, status: 3 }))).toMatchObject([{ field: 'due_by' }, { field: 'fr_due_by' }]);
    const id = await created();
    expect(errors(await update(id, { due_by: '2001-01-01T00:00:00Z', fr_due_by: '2001-01-01T00:00:00Z' }))).toMatchObject([{ message: 'Has to be greater than ticket creation time' }, {}]);
    expect((await update(id, later)).status).toBe(200);
  });

  test('an agent outside the group is dropped without a word', async () => {
    const id = await created();
    expect((await update(id, { group_id: BILLING, responder_id: BEN })).body).toMatchObject({ group_id: BILLING, responder_id: null });
    expect((await update(id, { responder_id: ANN })).body).toMatchObject({ responder_id: ANN });
    expect((await bot.call('GET', '/api/v2/groups')).body).toMatchObject([{ name: 'Support', agent_ids: null }, { name: 'Billing' }]);
    expect((await bot.call('GET', `/api/v2/groups/${BILLING}`)).body).toMatchObject({ agent_ids: [ANN] });
  });
});

describe('the plan', () => {
  test('limits calls of one kind below what the whole account may', async () => {
    await setting({ plan: 'growth' });
    let last: Answer = await bot.call('GET', '/api/v2/tickets');
    for (let n = 1; n < 21; n += 1) last = await bot.call('GET', '/api/v2/tickets');
    expect(last.status).toBe(429);
    expect(Number(last.headers.get('x-ratelimit-remaining'))).toBeGreaterThan(100);
    expect((await bot.call('GET', '/api/v2/agents/me')).status).toBe(200);
  });

  test('spam is hidden and takes no writes; the filter finds it', async () => {
    const id = await created();
    expect((await human.call('PUT', `/api/_/tickets/${id}/spam`)).status).toBe(204);
    expect(list((await bot.call('GET', '/api/v2/tickets')).body)).toEqual([]);
    expect((await bot.call('GET', '/api/v2/tickets?filter=spam')).body).toMatchObject([{ id, spam: true }]);
    expect((await update(id, { status: 3 })).status).toBe(405);
    expect((await human.call('PUT', `/api/_/tickets/${id}/unspam`)).status).toBe(204);
    expect((await update(id, { status: 3 })).status).toBe(200);
  });

  test('closed tickets go to the archive after 120 idle days', async () => {
    const id = await created({ status: 5 });
    await bot.call('POST', `/api/v2/tickets/${id}/notes`, { body: 'Last words' });
    const open = await created();
    await setting({ clock_offset_ms: 121 * DAY });
    expect((await bot.call('GET', `/api/v2/tickets/${id}`)).status).toBe(404);
    expect((await update(id, { status: 2 })).status).toBe(404);
    expect((await bot.call('GET', `/api/v2/tickets/archived/${id}`)).body).toMatchObject({ id, status: 5, archived: true });
    expect((await bot.call('GET', `/api/v2/tickets/archived/${id}/conversations`)).body).toMatchObject([{ body_text: 'Last words' }]);
    expect((await bot.call('GET', `/api/v2/tickets/archived/${open}`)).status).toBe(404);
    await setting({ archive: false });
    expect((await bot.call('GET', `/api/v2/tickets/archived/${id}`)).body).toMatchObject({ code: 'require_feature' });
    expect((await bot.call('GET', `/api/v2/tickets/${id}`)).status).toBe(200);
  });

  test('the search index is behind where it is told to be', async () => {
    await setting({ search_lag_ms: 60_000 });
    await created({ tags: ['new'] });
    const search = (): Promise<Answer> => bot.call('GET', `/api/v2/search/tickets?query=${encodeURIComponent(`"tag:'new'"`)}`);
    expect((await search()).body).toMatchObject({ total: 0 });
    await setting({ clock_offset_ms: 61_000 });
    expect((await search()).body).toMatchObject({ total: 1 });
  });
});

describe('many tickets at once', () => {
  test('a merge closes the secondary and moves what was said', async () => {
    const [primary, secondary] = [await created(), await created({ subject: 'Twin' })];
    await bot.call('POST', `/api/v2/tickets/${secondary}/notes`, { body: 'Said before' });
    expect((await bot.call('PUT', '/api/v2/tickets/merge', { primary_id: primary, ticket_ids: [secondary], note_in_secondary: { body: 'Bye', private: true } })).status).toBe(204);
    expect(await show(secondary)).toMatchObject({ status: 5 });
    expect(await texts(secondary)).toEqual([expect.stringContaining(`This ticket is closed and merged into ticket ${primary}`)]);
    expect(await texts(primary)).toEqual(expect.arrayContaining(['Said before', expect.stringContaining(`Merged from ticket ${secondary}`)]));
    expect(errors(await bot.call('PUT', '/api/v2/tickets/merge', { primary_id: primary, ticket_ids: [primary] }))).toMatchObject([{ field: 'ticket_ids' }]);
    await setting({ required_for_closure: ['cf_ref'] });
    expect((await bot.call('PUT', '/api/v2/tickets/merge', { primary_id: primary, ticket_ids: [await created()] })).status).toBe(400);
  });

  test('bulk jobs tell what became of each', async () => {
    const [one, two] = [await created(), await created()];
    await bot.call('DELETE', `/api/v2/tickets/${two}`);
    const job = await bot.call('POST', '/api/v2/tickets/bulk_update', { bulk_action: { ids: [one, two], properties: { status: 3 }, reply: { body: 'On it' } } });
    expect(job.status).toBe(202);
    expect((await bot.call('GET', String(at(job.body, 'href')))).body).toMatchObject({ status: 'COMPLETED', data: [{ id: one, success: true }, { id: two, success: false }] });
    expect([await show(one), await texts(one)]).toMatchObject([{ status: 3 }, ['On it']]);
    await bot.call('POST', '/api/v2/tickets/bulk_delete', { bulk_action: { ids: [one] } });
    expect(at(await show(one), 'deleted')).toBe(true);
    expect(errors(await bot.call('POST', '/api/v2/tickets/bulk_update', { bulk_action: { ids: [] } }))).toMatchObject([{ field: 'ids' }]);
  });
});

describe('people and companies', () => {
  test('a blocked or deleted contact keeps the address, refuses writes, and is found by its state only', async () => {
    const contact = (await bot.call('POST', '/api/v2/contacts', { name: 'Dan', email: 'dan@acme.example', other_emails: ['dan@home.example'] })).body;
    const id = String(at(contact, 'id'));
    expect(at(contact, 'company_id')).toBe(1070000512801);
    expect(errors(await bot.call('POST', '/api/v2/contacts', { name: 'D', email: 'dan@home.example' }))).toMatchObject([{ code: 'duplicate_value', additional_info: { user_id: at(contact, 'id') } }]);
    expect((await bot.call('DELETE', `/api/v2/contacts/${id}`)).status).toBe(204);
    expect((await bot.call('PUT', `/api/v2/contacts/${id}`, { name: 'E' })).status).toBe(405);
    expect(list((await bot.call('GET', '/api/v2/contacts?email=dan@acme.example')).body)).toEqual([]);
    expect(list((await bot.call('GET', '/api/v2/contacts?state=deleted')).body)).toHaveLength(1);
    expect((await bot.call('POST', '/api/v2/contacts', { name: 'Dan', email: 'dan@acme.example' })).status).toBe(409);
    expect((await create({ email: 'dan@acme.example' })).status).toBe(400);
    expect((await bot.call('PUT', `/api/v2/contacts/${id}/restore`)).status).toBe(204);
    expect((await create({ email: 'dan@home.example' })).body).toMatchObject({ requester_id: at(contact, 'id'), company_id: 1070000512801 });
    expect((await bot.call('PUT', `/api/v2/contacts/${id}`, { name: 'Daniel', email: 'daniel@acme.example' })).body).toMatchObject({ name: 'Daniel' });
    expect((await bot.call('GET', `/api/v2/search/contacts?query=${encodeURIComponent(`"email:'daniel@acme.example'"`)}`)).body).toMatchObject({ total: 1 });
    expect((await bot.call('GET', '/api/v2/contacts/autocomplete?term=dani')).body).toEqual([{ id: at(contact, 'id'), name: 'Daniel' }]);
  });

  test('a contact can become an agent, and is then no contact', async () => {
    const id = String(at((await bot.call('POST', '/api/v2/contacts', { name: 'Eve', email: 'eve@example.com' })).body, 'id'));
    expect((await bot.call('PUT', `/api/v2/contacts/${id}/make_agent`)).body).toMatchObject({ contact: { email: 'eve@example.com' } });
    expect((await bot.call('PUT', `/api/v2/contacts/${id}`, { name: 'E' })).status).toBe(404);
    expect((await bot.call('GET', `/api/v2/agents/${id}`)).status).toBe(200);
  });

  test('companies are kept, found and asked for with a ticket', async () => {
    const company = (await bot.call('POST', '/api/v2/companies', { name: 'Initech', domains: ['initech.example'] })).body;
    expect((await bot.call('POST', '/api/v2/companies', { name: 'INITECH' })).status).toBe(409);
    expect((await bot.call('GET', '/api/v2/companies/autocomplete?name=ini')).body).toEqual({ companies: [{ id: at(company, 'id'), name: 'Initech' }] });
    const id = await created({ email: 'peter@initech.example' });
    expect(at((await bot.call('GET', `/api/v2/tickets/${id}?include=company`)).body, 'company')).toEqual({ id: at(company, 'id'), name: 'Initech' });
    expect(list((await bot.call('GET', `/api/v2/tickets?company_id=${String(at(company, 'id'))}`)).body)).toHaveLength(1);
    await setting({ multiple_companies: false });
    expect(errors(await update(id, { company_id: 1070000512802 }))).toMatchObject([{ field: 'company_id', code: 'inaccessible_field' }]);
  });

  test('a key speaks for contacts, and for other agents only where the account says so', async () => {
    const id = await created();
    const cora = at(await show(id), 'requester_id');
    const note = (fields: object): Promise<Answer> => bot.call('POST', `/api/v2/tickets/${id}/notes`, { body: 'x', ...fields });
    expect((await note({ user_id: cora, incoming: true })).body).toMatchObject({ user_id: cora, incoming: true });
    expect(await note({ user_id: ANN })).toMatchObject({ status: 403, body: { code: 'invalid_user' } });
    await setting({ assume_identity: true });
    expect((await note({ user_id: ANN })).body).toMatchObject({ user_id: ANN });
    expect((await bot.call('POST', `/api/v2/tickets/${id}/watch`, {})).status).toBe(204);
    expect((await bot.call('GET', `/api/v2/tickets/${id}/watchers`)).body).toEqual({ watcher_ids: [BOT] });
    expect(list((await bot.call('GET', '/api/v2/tickets?filter=watching')).body)).toHaveLength(1);
  });
});

describe('what people do without the API', () => {
  test('mails, survey answers and rules’ notes are told apart', async () => {
    const id = await created();
    await human.call('POST', `/api/_/tickets/${id}/mail`, { from: 'carl@example.com', body: '<p>Me too</p>', cc_emails: ['cora@example.com'] });
    await human.call('POST', `/api/_/tickets/${id}/survey`, { body: 'Extremely happy' });
    await human.call('POST', `/api/_/tickets/${id}/automation`, { body: 'Escalated' });
    await human.call('POST', `/api/_/tickets/${id}/automation`, { body: 'We got it', auto_response: true });
    expect(list((await bot.call('GET', `/api/v2/tickets/${id}/conversations`)).body)).toMatchObject([
      { source: 0, category: 1, incoming: true, from_email: 'carl@example.com', private: false },
      { source: 6, category: 7, incoming: true },
      { source: 2, category: 2, private: true, automation_id: expect.any(Number) },
      { source: 0, auto_response: true, automation_id: null },
    ]);
  });

  test('a forward is nothing that the customer sees', async () => {
    const id = await created();
    const answer = await bot.call('POST', `/api/v2/tickets/${id}/forward`, { body: 'Look', to_emails: ['x@example.com'] });
    expect([answer.status, answer.body]).toMatchObject([201, { source: 8, category: 6, private: true, to_emails: ['x@example.com'] }]);
    expect(errors(await bot.call('POST', `/api/v2/tickets/${id}/forward`, { body: 'Look' }))).toMatchObject([{ field: 'to_emails' }]);
  });

  test('a chat’s first message is its description once more, and its answers are structured', async () => {
    const chat = (await human.call('POST', '/api/_/chats', { from: 'carl@example.com', body: 'Hello?' })).body;
    const id = Number(at(chat, 'id'));
    expect(chat).toMatchObject({ source: 15, description_text: 'Hello?' });
    expect(await texts(id)).toEqual(['Hello?']);
    const note = (fields: object): Promise<Answer> => bot.call('POST', `/api/v2/tickets/${id}/notes`, fields);
    expect(errors(await note({ body: 'Hi', private: false }))).toMatchObject([{ field: 'body', code: 'incompatible_field' }, { field: 'structured_body', code: 'missing_field' }]);
    expect((await note({ private: false, structured_body: { body_contents: [{ type: 'text', data: { content: 'Hi <you>' } }] } })).body).toMatchObject({ body: '<p>Hi &lt;you&gt;</p>' });
    expect((await note({ body: 'Between us' })).status).toBe(201);
  });

  test('an outbound mail is closed from the start and keeps its words', async () => {
    const answer = await bot.call('POST', '/api/v2/tickets/outbound_email', { subject: 'News', description: 'We moved', email: 'cora@example.com', email_config_id: 1 });
    const id = Number(at(answer.body, 'id'));
    expect(answer.body).toMatchObject({ source: 10, status: 5, responder_id: BOT });
    expect(errors(await update(id, { subject: 'Other' }))).toMatchObject([{ field: 'subject', code: 'incompatible_field' }]);
  });
});
