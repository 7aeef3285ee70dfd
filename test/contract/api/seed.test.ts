/** Every example of the Kloudless Help Desk API, run against every desk of the sandbox; and the table of differences in docs/api.md. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { connectors } from '../../../src/connectors/index.ts';
import { startSite, type ApiAnswer, type ApiSite } from '../../support/api-site.ts';
import { CALLS, COMMENT, LIST, TICKET } from '../../support/seed-examples.ts';

type Json = Readonly<Record<string, unknown>>;
type Answers = ReadonlyMap<string, ApiAnswer>;

const PAGE = new URL('../../../docs/api.md', import.meta.url);
const SERVICES = Object.keys(connectors);

let site: ApiSite;
const runs = new Map<string, Answers>();

beforeAll(async () => {
  site = await startSite();
  for (const service of SERVICES) runs.set(service, await run(service));
});
afterAll(() => site?.close());

/** As an old client does: with the token of one account, and `me`. */
async function run(service: string): Promise<Answers> {
  const { token } = (await site.ask('/tokens', { body: { name: service, scope: 'account', account_id: site.account(service) } })).body as unknown as { token: string };
  const answers = new Map<string, ApiAnswer>();
  let ticket = '';
  let comment = '';
  for (const { name, method, path, body } of CALLS) {
    const at = path.replace('{ticket}', ticket).replace('{comment}', comment);
    const answer = await site.ask(`/accounts/me${at}`, { method, token: null, headers: { authorization: `Bearer ${token}` }, ...(body === null ? {} : { body }) });
    answers.set(name, answer);
    if (name === 'Create a ticket') ticket = String(answer.body['id']);
    if (name === 'Create a comment') comment = String(answer.body['id']);
  }
  return answers;
}

const answerOf = (service: string, name: string): ApiAnswer => {
  const found = runs.get(service)?.get(name);
  if (found === undefined) throw new Error(`${service} was not asked: ${name}`);
  return found;
};

const kind = (one: unknown): string => (Array.isArray(one) ? 'list' : typeof one);

/** Every place of the example is there, at every depth, with a value of the same type or null. */
function misplaced(example: Json, answer: Json, at = ''): readonly string[] {
  return Object.entries(example).flatMap(([name, value]) => {
    const place = `${at}${name}`;
    if (!(name in answer)) return [`${place} is missing`];
    const given = answer[name];
    if (given === null || value === null) return [];
    if (kind(given) !== kind(value)) return [`${place} is a ${kind(given)}`];
    if (Array.isArray(value) && Array.isArray(given)) return kind(value[0]) === 'object' ? (given as readonly Json[]).flatMap((one, n) => misplaced(value[0] as Json, one, `${place}/${n}/`)) : [];
    return kind(value) === 'object' ? misplaced(value as Json, given as Json, `${place}/`) : [];
  });
}

describe.each(SERVICES)('the examples at %s', (service) => {
  test.each(CALLS.map(({ name }) => name))('%s', (name) => {
    const call = CALLS.find((one) => one.name === name);
    const answer = answerOf(service, name);
    if (answer.status === 501) {
      // What the desk cannot do is said by name, and is what its capabilities say.
      expect(answer.body).toMatchObject({ error_code: 'not_implemented', capability: expect.stringMatching(/^comments\./) });
      return;
    }
    expect([answer.status, answer.status === 204 ? '' : answer.headers.get('content-type')]).toEqual([call?.status, answer.status === 204 ? '' : 'application/json']);
    if (call?.answers == null) return expect(answer.text).toBe('');
    expect(misplaced(call.answers, answer.body)).toEqual([]);
    if (call.answers === LIST) {
      for (const item of answer.body['objects'] as Json[]) expect(misplaced(name === 'List tickets' ? TICKET : COMMENT, item)).toEqual([]);
    }
  });

  test('hold what was sent, or say in a warning that they do not', () => {
    const { body } = answerOf(service, 'Create a ticket');
    const warned = new Set((body['warnings'] as Json[]).map(({ field }) => field));
    expect(body).toMatchObject({ subject: 'test ticket', status: 'open', requester: { email: 'test@test.com' } });
    for (const [name, held] of [['priority', body['priority'] === 'high'], ['email_ccs', (body['email_ccs'] as Json[] | null)?.length === 2], ['description', String(body['description']).includes('this is a ticket')]] as const) {
      expect([name, held || warned.has(name)]).toEqual([name, true]);
    }
  });
});

describe('the table of differences', () => {
  test('in docs/api.md is that of this run (WRITE_DOCS=1 npm run jest -- test/contract/api/seed writes it)', () => {
    const page = readFileSync(PAGE, 'utf8');
    const [start, end] = ['<!-- differences -->', '<!-- /differences -->'];
    const made = `${start}\n${differences()}\n${end}`;
    const renewed = page.replace(new RegExp(`${start}[\\s\\S]*${end}`), () => made);
    if (process.env['WRITE_DOCS'] !== undefined) writeFileSync(PAGE, renewed);
    expect(readFileSync(PAGE, 'utf8')).toBe(renewed);
    expect(page).toContain(start);
  });
});

const SAME = 'as there';
/** What cannot be alike: each desk has its own. */
const OWN: ReadonlySet<string> = new Set(['id', 'created_at', 'modified_at', 'author']);

function differences(): string {
  const columns = SERVICES.map((service) => `\`${service}\``).join(' | ');
  const head = (first: string): string => `| ${first} | ${columns} |\n| --- |${SERVICES.map(() => ' --- |').join('')}`;
  const row = (name: string, cell: (service: string) => string): string => `| ${name} | ${SERVICES.map(cell).join(' | ')} |`;
  const fields = (example: Json, name: string): string =>
    Object.keys(example)
      .filter((field) => !OWN.has(field) && SERVICES.some((service) => cellOf(example, answerOf(service, name), field) !== SAME))
      .map((field) => row(`\`${field}\``, (service) => cellOf(example, answerOf(service, name), field)))
      .join('\n');
  const warnings = SERVICES.flatMap((service) =>
    CALLS.flatMap(({ name }) => ((answerOf(service, name).body?.['warnings'] ?? []) as Json[]).map(({ field, reason }) => `- \`${service}\`, ${name.toLowerCase()}: \`${String(field)}\`: ${String(reason)}`)),
  );
  return [
    'The calls, and how they are answered:',
    '',
    head('call'),
    ...CALLS.map(({ name }) => row(name, (service) => statusOf(answerOf(service, name)))),
    '',
    'The ticket that its example creates; what is not in this table is as in the example, and ids and times are each desk’s own:',
    '',
    head('attribute'),
    fields(TICKET, 'Create a ticket'),
    '',
    'The comment:',
    '',
    head('attribute'),
    fields(COMMENT, 'Create a comment'),
    '',
    'The warnings beside these answers:',
    '',
    ...(warnings.length === 0 ? ['none'] : warnings),
  ].join('\n');
}

function statusOf({ status, body }: ApiAnswer): string {
  return status === 501 ? `501 \`${String(body['capability'])}\`` : String(status);
}

function cellOf(example: Json, { status, body }: ApiAnswer, field: string): string {
  if (status >= 400) return '';
  const [wanted, given] = [example[field], body[field]];
  if (given === null && wanted !== null) return 'null';
  if (field === 'due_at') return 'its own';
  if (field === 'requester') return (given as Json)['user_id'] === null ? 'without `user_id`' : (given as Json)['name'] === (wanted as Json)['name'] ? SAME : 'with a `name`';
  if (field === 'email_ccs' || field === 'custom_properties') return Array.isArray(given) && given.length === (wanted as unknown[]).length ? SAME : `${(given as unknown[]).length} of its own`;
  return JSON.stringify(given) === JSON.stringify(wanted) ? SAME : `\`${JSON.stringify(given)}\``;
}
