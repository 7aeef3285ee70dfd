/** Requests made from the OpenAPI document, against a running server with the sandbox behind it. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { operationsOf, plannerOf, type Ids, type Operation, type Planned } from '../../support/requests.ts';
import { chanceOf, pick, type Schema } from '../../support/schema-values.ts';
import { API_TOKEN, ask, startSite, type ApiSite } from '../../support/api-site.ts';
import { prepare, type Prepared } from '../../support/api-stock.ts';
import { each } from '../../support/scale.ts';

const COUNT = Number(process.env['API_REQUESTS'] ?? 5_000);
const SEED = Number(process.env['API_SEED'] ?? 1);

let site: ApiSite;
let stock: Prepared;
let document: Schema;

beforeAll(async () => {
  site = await startSite({ role: 'all' });
  stock = await prepare(site);
  document = (await ask(`${site.url}/openapi.json`, { token: null })).body;
});
afterAll(() => site?.close());

/** Answers have what their schemas say and nothing else. */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== 'object' || value === null) return value;
  const parts = Object.fromEntries(Object.entries(value).map(([key, part]) => [key, key === 'examples' || key === 'example' ? [] : closed(part)]));
  return 'properties' in parts && !('additionalProperties' in parts) && parts['type'] === 'object' ? { ...parts, additionalProperties: false } : parts;
}

describe('requests made from the OpenAPI document', () => {
  test(`${COUNT} of them: none ends in a fault of ours, every answer fits its schema, every fault is named`, async () => {
    const ajv = new Ajv2020({ strict: false, allErrors: true });
    formats.default(ajv);
    ajv.addSchema({ $id: 'doc', components: closed(document['components']) as object });
    const validators = new Map<string, ValidateFunction>();
    const validatorOf = (schema: Schema): ValidateFunction => {
      const ref = `doc${String(schema['$ref'])}`;
      const known = validators.get(ref) ?? ajv.compile({ $ref: ref });
      validators.set(ref, known);
      return known;
    };
    const operations = operationsOf(document);
    const chance = chanceOf(SEED);
    const ids: Ids = (operation, parameter, dice) => idFor(operation, parameter, dice);
    const planner = plannerOf({ document, chance, ids, base: site.url, tokens: stock.tokens });
    const problems: string[] = [];
    const statuses = new Map<string, number>();

    const judge = async (planned: Planned, response: Response, text: string): Promise<void> => {
      const { operation, what, method, url } = planned;
      const told = (why: string): void => {
        problems.push(`${what}: ${method} ${url.slice(site.url.length, site.url.length + 200)} ${planned.body?.slice(0, 300) ?? ''} → ${response.status} ${text.slice(0, 300)}: ${why}`);
      };
      const key = `${operation.id} ${response.status}`;
      statuses.set(key, (statuses.get(key) ?? 0) + 1);
      if (response.status >= 500 && response.status !== 501) return told('a fault of ours, or of a desk that has none');
      if (!/^[0-9a-f-]{36}$/.test(response.headers.get('x-request-id') ?? '')) told('no request id');
      // A desk's own answer, passed on.
      if (response.headers.get('content-security-policy') === 'sandbox') return;
      if (response.status === 405) {
        if ((response.headers.get('allow') ?? '') === '') told('405 without Allow');
        return shapeOf({ $ref: '#/components/schemas/Error' }, text, response, told);
      }
      if (what === 'another method') {
        if (response.status < 400) return;
        return shapeOf({ $ref: '#/components/schemas/Error' }, text, response, told);
      }
      const declared = operation.responses[String(response.status)];
      if (declared === undefined) return told('a status that is not declared');
      if (response.status === 204) {
        if (text !== '') told('204 with a body');
        return;
      }
      const schema = declared.content?.['application/json']?.schema;
      if (schema !== undefined) shapeOf(schema, text, response, told);
      const error = response.status >= 400 ? (JSON.parse(text) as { error_code: string; faults?: { path: string }[] }) : null;
      const { expected } = planned;
      if (expected !== null && (response.status !== expected.status || error?.error_code !== expected.code)) told(`${expected.status} ${expected.code} was due`);
      else if (expected?.fault !== undefined && error?.faults?.some(({ path }) => path === expected.fault) !== true) told(`the fault ${expected.fault} is not named`);
      if (planned.valid && error?.error_code === 'invalid_parameters' && !isAboutContent(error.faults)) told('nothing was wrong with it');
    };
    const shapeOf = (schema: Schema, text: string, response: Response, told: (why: string) => void): void => {
      if (response.headers.get('content-type') !== 'application/json') return told('not exactly application/json');
      const validate = validatorOf(schema);
      if (!validate(JSON.parse(text))) told(ajv.errorsText(validate.errors).slice(0, 500));
    };

    await each(COUNT, 8, async (index) => {
      const operation = pick(chance, operations);
      const planned = index % 5 < 2 ? planner.fitting(operation) : planner.twisted(operation);
      const response = await fetch(planned.url, { method: planned.method, headers: planned.headers, ...(planned.body === null ? {} : { body: planned.body }) });
      const text = await response.text();
      await judge(planned, response, text);
      if (/^create(Ticket|Comment)$/.test(operation.id) && response.status === 201) stock.note(JSON.parse(text) as { href: string; id: string; type: string });
    });

    expect(problems.slice(0, 10)).toEqual([]);
    // Each operation was reached: what only refused would prove nothing.
    const unreached = operations.filter(({ id, responses }) => !Object.keys(responses).some((status) => Number(status) < 400 && statuses.has(`${id} ${status}`)));
    expect(unreached.map(({ id }) => id).filter((id) => !stock.unreachable.includes(id))).toEqual([]);
  }, Math.max(120_000, COUNT * 60));
});

function idFor(operation: Operation, parameter: string, dice: () => number): string {
  return stock.idFor(operation.id, parameter, dice);
}

/** What a service's own schema, or the store, says of a body that fits the general one. */
function isAboutContent(faults: readonly { path: string }[] | undefined): boolean {
  return faults?.every(({ path }) => /^\/(service|credentials|settings|url|account_id|accounts|template|channel|token|secret)|^query\/(account_id|ticket_id)|^header\/X-Kloudless-Raw/.test(path)) === true;
}

test('the master token is let in', async () => {
  expect((await site.ask('/oauth/token', { token: API_TOKEN })).body).toMatchObject({ account_id: null, scope: 'all' });
});
