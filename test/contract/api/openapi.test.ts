/** The OpenAPI document and the page that shows it. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { BaseResolver, createConfig, lintDocument, makeDocumentFromString } from '@redocly/openapi-core';
import { apiSchemas } from '../../../src/contracts/api.ts';
import { HTTP_STATUS } from '../../../src/errors.ts';
import { ask, startSite, type ApiSite } from '../../support/api-site.ts';
import { send } from '../../support/site.ts';

type Json = Record<string, unknown>;

let site: ApiSite;
let document: Json;
beforeAll(async () => {
  site = await startSite({ only: ['zendesk'], env: { PUBLIC_URL: 'https://mesh.example' } });
  document = (await ask(`${site.url}/openapi.json`, { token: null })).body;
});
afterAll(() => site?.close());

describe('the OpenAPI document', () => {
  test('passes the linter, examples and all', async () => {
    const config = await createConfig({ extends: ['recommended-strict'] });
    const problems = await lintDocument({ document: makeDocumentFromString(JSON.stringify(document), '/openapi.json'), externalRefResolver: new BaseResolver(), config });
    expect(problems.map(({ ruleId, message, location }) => `${ruleId}: ${message} (${location[0]?.pointer ?? ''})`)).toEqual([]);
  });

  test('has an example for every operation, in each direction that has a body', () => {
    const paths = document['paths'] as Record<string, Record<string, Json>>;
    const operations = Object.values(paths).flatMap((methods) => Object.values(methods));
    expect(operations.length).toBeGreaterThan(30);
    const contents = (part: unknown): Json[] => Object.values(((part as Json | undefined)?.['content'] ?? {}) as Record<string, Json>);
    const without = operations.filter((operation) => {
      const request = contents(operation['requestBody'])[0];
      const responses = Object.values(operation['responses'] as Json).flatMap(contents);
      return (request !== undefined && !('example' in request)) || responses.some((response) => !('example' in response));
    });
    expect(without.map((operation) => operation['operationId'])).toEqual([]);
  });

  test('says where this server is, and needs a token everywhere', () => {
    expect(document['servers']).toEqual([{ url: 'https://mesh.example', description: 'This server' }]);
    expect(document['security']).toEqual([{ bearer: [] }, { apiKey: [] }]);
  });

  test('tells of every code that a caller may see', () => {
    const schemas = (document['components'] as { schemas: Record<string, { properties: Record<string, { enum?: string[] }> }> }).schemas;
    const codes = Object.keys(HTTP_STATUS).filter((code) => code !== 'configuration');
    expect([...(schemas['Error']?.properties['error_code']?.enum ?? [])].sort()).toEqual(codes.sort());
  });
});

test('each schema of the API fits its own examples', () => {
  const schemas = apiSchemas();
  for (const name of schemas.names) {
    const { examples } = schemas.schema(name, '') as { readonly examples?: readonly unknown[] };
    expect([name, (examples ?? []).length]).toEqual([name, expect.any(Number)]);
    expect((examples ?? []).length).toBeGreaterThan(0);
    for (const example of examples ?? []) expect([name, schemas.validator(name)(example)]).toEqual([name, []]);
  }
});

describe('the reference page', () => {
  test('is served with its renderer, and asks nothing of any other host', async () => {
    const page = await ask(`${site.url}/docs`, { token: null });
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'self';/);
    const links = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link]) => String(link));
    expect(links.length).toBeGreaterThanOrEqual(4);
    for (const link of links) {
      expect(link).toMatch(/^\//);
      const { status, text } = await ask(`${site.url}${link}`, { token: null });
      expect([link, status]).toEqual([link, 200]);
      expect(text.length).toBeGreaterThan(100);
    }
  });

  test('is not sent again to whoever has it, is read by GET only, and knows no other file', async () => {
    const first = await send(`${site.url}/docs/swagger-ui.css`, { method: 'GET' });
    expect((await send(`${site.url}/docs/swagger-ui.css`, { method: 'GET', headers: { 'if-none-match': String(first.headers.etag) } })).status).toBe(304);
    expect((await ask(`${site.url}/docs`, { token: null, method: 'POST' })).status).toBe(405);
    for (const path of ['/docs/package.json', '/docs/../package.json', '/docs/%2e%2e%2fpackage.json', '/docs/__proto__']) expect((await ask(`${site.url}${path}`, { token: null })).status).toBe(404);
  });
});
