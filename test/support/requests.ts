/** Requests to an API made from its OpenAPI document: such as it should take, and such as it should refuse, with what it should say. */
import { makerOf, pick, type Chance, type Maker, type Schema } from './schema-values.ts';

export interface Operation {
  readonly id: string;
  readonly method: string;
  /** With `{names}`. */
  readonly path: string;
  readonly parameters: readonly Parameter[];
  /** The JSON body's schema; null where there is none. */
  readonly body: Schema | null;
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, { readonly schema: Schema }>> }>>;
}

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly schema: Schema;
}

/** One request, and what must come of it; null where any declared answer will do. */
export interface Planned {
  readonly operation: Operation;
  readonly what: string;
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  readonly expected: { readonly status: number; readonly code: string; readonly fault?: string } | null;
  /** Nothing in it is wrong by its schema, so it is never answered with `invalid_parameters` for what it says. */
  readonly valid: boolean;
}

/** What the site has, for the parts of paths. */
export interface Ids {
  /** Ids that may be put into the place of a path parameter of an operation, real and unreal. */
  (operation: Operation, parameter: string, chance: Chance): string;
}

export interface Tokens {
  readonly all: string;
  readonly account: string;
  readonly readOnly: string;
}

export function operationsOf(document: Schema): readonly Operation[] {
  const paths = document['paths'] as Record<string, Record<string, Record<string, unknown>>>;
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): Operation => {
      const content = (operation['requestBody'] as { content?: Record<string, { schema: Schema }> } | undefined)?.content;
      return {
        id: String(operation['operationId']),
        method: method.toUpperCase(),
        path,
        parameters: (operation['parameters'] ?? []) as Parameter[],
        body: content?.['application/json']?.schema ?? null,
        responses: operation['responses'] as Operation['responses'],
      };
    }),
  );
}

export function plannerOf(parts: { readonly document: Schema; readonly chance: Chance; readonly ids: Ids; readonly tokens: Tokens; readonly base: string }) {
  const { document, chance, ids, tokens, base } = parts;
  const schemas = (document['components'] as { schemas: Record<string, Schema> }).schemas;
  const make: Maker = makerOf(chance, (ref) => schemas[ref.split('/').at(-1) ?? ''] ?? {});

  interface Draft {
    what: string;
    method: string;
    path: string;
    query: [string, string][];
    headers: Record<string, string>;
    body: unknown;
    text: string | null;
    expected: Planned['expected'];
    valid: boolean;
  }

  function fitting(operation: Operation): Draft {
    const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(ids(operation, name, chance)));
    const query = operation.parameters
      .filter((parameter) => parameter.in === 'query' && parameter.name !== 'page' && chance() < (parameter.name === 'page_size' ? 0.7 : 0.15))
      .map(({ name, schema }): [string, string] => [name, String(name === 'page_size' ? 1 + Math.floor(chance() * 20) : make.fitting(schema))]);
    const headers: Record<string, string> = { authorization: `${pick(chance, ['APIKey', 'ApiKey', 'apikey', 'Bearer', 'bearer'])} ${tokens.all}` };
    for (const { in: where, name, schema } of operation.parameters) if (where === 'header' && name !== 'Idempotency-Key' && chance() < 0.3) headers[name] = String(make.fitting(schema)).replaceAll(/[^\x21-\x7e]/g, '') || '/api/v2/tickets.json';
    if (operation.id === 'passThrough' && chance() < 0.9) headers['X-Kloudless-Raw-URI'] = pick(chance, ['/api/v2/tickets', '/helpdesk/api/v1/tickets', '/api/v1/tickets']);
    return { what: 'fitting', method: operation.method, path: path + pick(chance, ['', '', '/']), query, headers, body: operation.body === null ? undefined : make.fitting(operation.body), text: null, expected: null, valid: true };
  }

  type Twist = (operation: Operation, draft: Draft) => Draft | null;
  const expect = (draft: Draft, what: string, status: number, code: string, fault?: string): Draft => ({
    ...draft, what, valid: false, expected: { status, code, ...(fault === undefined ? {} : { fault }) },
  });
  const invalid = (draft: Draft, what: string, fault: string): Draft => expect(draft, what, 400, 'invalid_parameters', fault);
  const withHeader = (draft: Draft, headers: Record<string, string>): Draft => ({ ...draft, headers: { ...draft.headers, ...headers } });
  const without = (headers: Record<string, string>, name: string): Record<string, string> => Object.fromEntries(Object.entries(headers).filter(([key]) => key !== name));

  /** What may go wrong before the account in the path is looked at. */
  const atTheDoor: readonly Twist[] = [
    (_, draft) => expect({ ...draft, headers: without(draft.headers, 'authorization') }, 'nobody', 401, 'authentication_required'),
    (_, draft) => expect(withHeader(draft, { authorization: pick(chance, ['Basic YTpi', 'Bearer', 'APIKey two words', 'nonsense']) }), 'no such scheme', 401, 'unauthorized'),
    // Old clients take nothing but 400 from the check of a token.
    ({ id }, draft) => expect(withHeader(draft, { authorization: 'Bearer dmt_no-such-token' }), 'no such token', id === 'checkToken' ? 400 : 401, id === 'checkToken' ? 'bad_request' : 'invalid_token'),
    ({ responses }, draft) => (responses['406'] === undefined ? null : expect(withHeader(draft, { accept: 'application/xml' }), 'another type', 406, 'not_acceptable')),
    ({ path }, draft) => (path.includes('{account_id}') ? expect({ ...draft, path: draft.path.replace(/accounts\/[^/]+/, `accounts/${pick(chance, ['999999', 'you', '0', '-1', '1.5', '%00'])}`) }, 'no such account', 404, 'not_found') : null),
    ({ path }, draft) => (path.includes('{account_id}') ? expect({ ...draft, path: draft.path.replace(/accounts\/[^/]+/, 'accounts/me') }, 'me without an account', 404, 'not_found') : null),
  ];
  const inTheRequest: readonly Twist[] = [
    ({ body }, draft) => {
      const broken = body === null ? null : make.breaking(body);
      return broken === null ? null : invalid({ ...draft, body: broken.value }, 'a wrong body', broken.path);
    },
    ({ body }, draft) => {
      const broken = body === null ? null : make.breaking(body);
      return broken === null ? null : invalid({ ...draft, body: broken.value }, 'a wrong body', broken.path);
    },
    ({ body }, draft) => (body === null ? null : expect({ ...draft, text: pick(chance, ['{', '{"a":', 'nonsense', '{"a":1}}', `${'['.repeat(100)}`, '"half']) }, 'no JSON', 400, 'bad_request')),
    ({ body }, draft) => (body === null ? null : invalid({ ...draft, body: undefined, text: '' }, 'an empty body', '')),
    ({ body }, draft) => (body === null ? null : expect(withHeader(draft, { 'content-type': pick(chance, ['text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=latin1']) }), 'another content type', 415, 'unsupported_media_type')),
    ({ body }, draft) => (body === null ? null : expect(withHeader(draft, { 'content-encoding': 'gzip' }), 'packed', 415, 'unsupported_media_type')),
    (_, draft) => invalid({ ...draft, query: [...draft.query, ['surplus', '1']] }, 'an unknown parameter', 'query/surplus'),
    (operation, draft) => {
      const parameter = operation.parameters.find(({ in: where, name }) => where === 'query' && name === 'page_size');
      if (parameter === undefined) return null;
      return invalid({ ...draft, query: [...draft.query.filter(([name]) => name !== 'page_size'), ['page_size', pick(chance, ['0', '1001', '-5', 'many', '1.5', '1e3'])]] }, 'a wrong page size', 'query/page_size');
    },
    (operation, draft) => {
      const parameter = operation.parameters.find(({ in: where, name }) => where === 'query' && name === 'page');
      if (parameter === undefined || operation.responses['501'] !== undefined) return null;
      return invalid({ ...draft, query: [...draft.query.filter(([name]) => name === 'page_size'), ['page', pick(chance, ['nonsense', 'v1.AAAA.BBBB', '0', '-1'])]] }, 'a wrong page', 'query/page');
    },
    (operation, draft) => {
      const wrong = operation.parameters.filter(({ in: where, schema }) => where === 'query' && (schema['enum'] !== undefined || schema['type'] === 'boolean'));
      if (wrong.length === 0) return null;
      const { name } = pick(chance, wrong);
      return invalid({ ...draft, query: [...draft.query.filter(([other]) => other !== name), [name, 'nonsense']] }, 'a wrong filter', `query/${name}`);
    },
    ({ method }, draft) => (method === 'POST' ? invalid(withHeader(draft, { 'Idempotency-Key': 'k'.repeat(256) }), 'a long key', 'header/Idempotency-Key') : null),
    ({ path }, draft) => (path.includes('{ticket_id}') ? expect({ ...draft, path: draft.path.replace(/tickets\/[^/]+/, 'tickets/comment_MTIx') }, 'an id of another kind', 400, 'invalid_resource_type') : null),
    ({ path }, draft) => (path.includes('{ticket_id}') ? expect({ ...draft, path: draft.path.replace(/tickets\/[^/]+/, `tickets/${pick(chance, ['121', 'ticket_', 'ticket_MTIx=', 'ticket_%00', 'ticket_MTJ', 'ticket_!!'])}`) }, 'no id', 404, 'not_found') : null),
  ];
  const ofScope: readonly Twist[] = [
    ({ responses, method }, draft) => (responses['403'] !== undefined && method !== 'GET' && !draft.path.includes('encode_raw_id') ? expect(withHeader(draft, { authorization: `Bearer ${tokens.readOnly}` }), 'a read-only token', 403, 'forbidden') : null),
    ({ path }, draft) => (/^\/v1\/(tokens|links|mirrors|operations|receipts|subscriptions|deliveries)/.test(path) ? expect(withHeader(draft, { authorization: `Bearer ${tokens.account}` }), 'a token of one account', 403, 'forbidden') : null),
    (_, draft) => ({ ...withHeader(draft, { authorization: `Bearer ${tokens.account}` }), what: 'a token of one account, anywhere', valid: false, expected: null }),
    ({ path }, draft) => (path.includes('{account_id}') ? { ...withHeader(draft, { authorization: `Bearer ${tokens.account}` }), path: draft.path.replace(/accounts\/[^/]+/, 'accounts/me'), what: 'me', valid: false } : null),
    ({ path }, draft) => ({ ...draft, method: pick(chance, ['PUT', 'PATCH', 'POST', 'DELETE', 'GET']), path: path.replaceAll(/\{\w+\}/g, '3'), query: [], body: undefined, what: 'another method', valid: false }),
  ];

  return {
    fitting: (operation: Operation): Planned => planned(operation, fitting(operation)),
    /** Falls back to a fitting one where the operation has nothing to twist. */
    twisted(operation: Operation): Planned {
      for (let tries = 0; tries < 20; tries += 1) {
        const made = pick(chance, pick(chance, [atTheDoor, inTheRequest, inTheRequest, inTheRequest, ofScope]))(operation, fitting(operation));
        if (made !== null) return planned(operation, made);
      }
      return planned(operation, fitting(operation));
    },
  };

  function planned(operation: Operation, { what, method, path, query, headers, body, text, expected, valid }: Draft): Planned {
    const search = query.length === 0 ? '' : `?${new URLSearchParams(query).toString()}`;
    const sent = text ?? (body === undefined ? null : JSON.stringify(body));
    const typed = sent === null || headers['content-type'] !== undefined ? headers : { ...headers, 'content-type': 'application/json' };
    return { operation, what, method, url: `${base}${path}${search}`, headers: typed, body: sent === '' ? null : sent, expected, valid };
  }
}
