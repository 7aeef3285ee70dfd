/** The n8n workflow, held against the API's document and against a message that Deskmesh signs. */
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { standardWebhooks } from '../../../src/subscribers/standard-webhooks.ts';
import samples from '../../../integrations/zapier/src/samples.json' with { type: 'json' };
import { ask, startSite, type ApiSite } from '../../support/api-site.ts';

interface Node {
  readonly name: string;
  readonly type: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: object }>> } }>>>>;
  readonly components: object;
}

const { nodes, connections } = JSON.parse(readFileSync(new URL('../../../integrations/n8n/workflow.json', import.meta.url), 'utf8')) as {
  readonly nodes: readonly Node[];
  readonly connections: Readonly<Record<string, { readonly main: readonly (readonly { readonly node: string }[])[] }>>;
};
const ENV = { DESKMESH_URL: 'https://mesh.acme.example', N8N_WEBHOOK_URL: 'https://n8n.acme.example' };
const event = samples['ticket.created'];

/** What n8n makes of a text with expressions, as far as this workflow has them: `$env.X` and `$json.a.b`. */
function filled(text: string): string {
  return text.replace(/^=/, '').replace(/\{\{\s*\$(env|json)\.([\w.]+)\s*\}\}/g, (_, root: string, path: string) => {
    const value = path.split('.').reduce<unknown>((part, name) => (part as Record<string, unknown>)[name], root === 'env' ? ENV : event);
    if (value === undefined) throw new Error(`there is no $${root}.${path}`);
    return String(value);
  });
}

let site: ApiSite;
let document: Document;
beforeAll(async () => {
  site = await startSite({ only: ['zendesk'] });
  document = (await ask(`${site.url}/openapi.json`, { token: null })).body as unknown as Document;
});
afterAll(() => site?.close());

test('every connection leads from a node to a node', () => {
  const names = nodes.map(({ name }) => name);
  const ends = Object.entries(connections).flatMap(([from, { main }]) => [from, ...main.flat().map(({ node }) => node)]);
  expect(ends.filter((name) => !names.includes(name))).toEqual([]);
});

describe('every request', () => {
  const requests = nodes.filter(({ type }) => type === 'n8n-nodes-base.httpRequest');

  test.each(requests.map((node) => [node.name, node] as const))('"%s" is an operation of the API, with a body that fits it', (_, { parameters }) => {
    const { method, url, jsonBody } = parameters as { method: string; url: string; jsonBody: string };
    const path = filled(url).slice(ENV.DESKMESH_URL.length);
    const template = Object.keys(document.paths).find((one) => new RegExp(`^${one.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path));
    const schema = document.paths[template ?? '']?.[method.toLowerCase()]?.requestBody?.content['application/json']?.schema;
    expect(schema).toBeDefined();
    const ajv = new Ajv2020({ strict: false, allErrors: true });
    formats.default(ajv);
    const fits = ajv.addSchema({ $id: 'doc', components: document.components }).compile({ $ref: `doc${String(Reflect.get(schema ?? {}, '$ref'))}` });
    expect([fits(JSON.parse(filled(jsonBody))), fits.errors]).toEqual([true, null]);
  });
});

describe('the check of signatures', () => {
  const code = String(nodes.find(({ name }) => name === 'Genuine?')?.parameters['jsCode']);
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  const run = new Function('$input', '$env', 'require', code) as ($input: object, $env: object, require: NodeJS.Require) => readonly { json: Record<string, unknown> }[];

  function take({ at = Date.now(), key = secret, change = (body: string) => body } = {}): readonly { json: Record<string, unknown> }[] {
    const { headers, body } = standardWebhooks.render({ event: event as never, deliveryId: 'dlv_1', at, thread: null }, { url: 'https://n8n.acme.example', secrets: [secret] } as never);
    const item = { json: { headers }, binary: { data: { data: Buffer.from(change(body)).toString('base64') } } };
    return run({ all: () => [item] }, { DESKMESH_SECRET: key }, createRequire(import.meta.url));
  }

  test('takes what Deskmesh signed, and hands on the event', () => {
    expect(take()[0]?.json).toMatchObject({ type: 'ticket.created', ticket: { id: event.ticket.id }, account: { id: event.account.id } });
  });

  test.each([
    ['changed on its way', { change: (body: string) => body.replace('person', 'mirror') }],
    ['signed with another key', { key: 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD' }],
    ['ten minutes old', { at: Date.now() - 600_000 }],
  ])('turns away what was %s', (_, how) => {
    expect(() => take(how)).toThrow();
  });
});
