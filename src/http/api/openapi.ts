/** The OpenAPI document, built from the schemas and from what the routes declare of themselves. */
import about from '../../../package.json' with { type: 'json' };
import { apiSchemas } from '../../contracts/api.ts';
import { HTTP_STATUS, type ErrorCode } from '../../errors.ts';
import { ONCE_HEADER } from './input.ts';
import type { Answer, Parameter, Route } from './route.ts';

type Json = Readonly<Record<string, unknown>>;

const REF = '#/components/schemas/';

const TAGS: readonly (readonly [name: string, about: string])[] = [
  ['Accounts', 'The connected help desks.'],
  ['Tickets', 'Live from the account’s desk, in one shape for all of them.'],
  ['Comments', 'Comments and replies of a ticket.'],
  ['Files', 'Attachments, streamed from the desk.'],
  ['Events', 'What people did on a desk.'],
  ['Raw', 'Past the unified API.'],
  ['Mirrors', 'The rules between accounts.'],
  ['Links', 'One logical ticket across desks.'],
  ['Operations', 'What the mirror wrote.'],
  ['Receipts', 'The webhooks that came.'],
  ['Subscriptions', 'Who is told of events, and how.'],
  ['Deliveries', 'What subscribers were told, and what they answered.'],
  ['Tokens', 'Keys to this API.'],
];

const PATH_PARAMETERS: Readonly<Record<string, readonly [about: string, schema: Json, example: unknown]>> = {
  account_id: ['The account’s number, or `me` for the one account of the token.', { type: 'string', pattern: '^(me|[0-9]{1,9})$' }, '3'],
  ticket_id: ['The ticket’s id.', { type: 'string' }, 'ticket_NjQ2MTUz'],
  comment_id: ['The comment’s id.', { type: 'string' }, 'comment_MzExOTg2MTQ2Mw'],
  attachment_id: ['The file’s id.', { type: 'string' }, '9001'],
  token_id: ['The token’s id.', { type: 'string' }, '0198c5b2-7b1e-7c3a-9d55-0f5e8f6f2a10'],
  mirror_id: ['The mirror’s name.', { type: 'string' }, 'acme-vendor'],
  link_id: ['The link’s id.', { type: 'string' }, '0198c5b2-7b1e-7c3a-9d55-0f5e8f6f2a10'],
  operation_id: ['The operation’s id.', { type: 'string' }, '4711'],
  receipt_id: ['The receipt’s id.', { type: 'string' }, '17'],
  subscription_id: ['The subscription’s id.', { type: 'string' }, '0198c5b2-7b1e-7c3a-9d55-0f5e8f6f2a10'],
  delivery_id: ['The delivery’s id.', { type: 'string' }, '0198c5b2-9f11-7a20-b3d4-1c2d3e4f5a6b'],
};

const ALWAYS: readonly ErrorCode[] = ['authentication_required', 'unauthorized', 'invalid_token', 'invalid_parameters', 'too_many_requests', 'internal_error', 'service_not_available'];
const OF_DESKS: readonly ErrorCode[] = [
  'request_failed', 'forbidden', 'service_unauthorized', 'service_forbidden', 'too_many_service_requests', 'bad_gateway', 'service_not_available', 'gateway_timeout', 'not_implemented',
];
const OF_BODIES: readonly ErrorCode[] = ['bad_request', 'request_timeout', 'payload_too_large', 'unsupported_media_type'];

/** What an error's code means, in a few words. */
const MEANINGS: Readonly<Record<Exclude<ErrorCode, 'configuration'>, string>> = {
  bad_request: 'the body is no JSON, or not what its type promises; or the token that is to be checked is not known',
  request_failed: 'the desk refuses this',
  invalid_parameters: 'something in the request is wrong; `faults` names all of it',
  invalid_resource_type: 'the id is of another kind',
  unauthorized: 'the Authorization header is not understood',
  authentication_required: 'there is no Authorization header',
  invalid_token: 'the token is not known',
  service_unauthorized: 'the desk does not accept the account’s credentials',
  forbidden: 'this token, or this account as it stands, may not do this',
  service_forbidden: 'the desk does not let the account do this',
  not_found: 'there is no such object, or this token does not reach it',
  method_not_allowed: 'the header Allow lists what is possible',
  not_acceptable: 'the Accept header wants another type than there is',
  request_timeout: 'the body did not arrive in time',
  conflict: 'something else is in the way just now',
  naming_conflict: 'the name is taken',
  payload_too_large: 'the body is too large',
  unsupported_media_type: 'the body is of another type than is taken here',
  unprocessable_entity: 'the Idempotency-Key was used for another request',
  too_many_requests: 'this token has made all the requests that it may make for now',
  too_many_service_requests: 'the desk takes no more requests for now',
  internal_error: 'a fault of ours',
  not_implemented: 'the desk cannot do this; `capability` says what',
  bad_gateway: 'the desk gave an answer that cannot be one, or left a write open',
  service_not_available: 'the desk cannot be reached, and `service` is there; or our database cannot',
  gateway_timeout: 'the desk gave no answer in time',
};

/** `ticket-create` → `TicketCreate`. */
export function componentName(file: string): string {
  return file.replaceAll(/(^|-)([a-z])/g, (_, __, letter: string) => letter.toUpperCase());
}

export function openApiOf(routes: readonly Route[], url: string): Json {
  const schemas = apiSchemas();
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const at = (paths[route.path] ??= {});
    at[route.method.toLowerCase()] = operationOf(route);
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Deskmesh: one Help Desk API over every desk',
      version: about.version,
      summary: about.description,
      description:
        'Tickets and comments of every connected help desk in one shape, live; writes that are done once (`Idempotency-Key`); `warnings` for what a desk could not hold. ' +
        'Paths, fields and codes are those of the Kloudless Help Desk API. Every path may end in a slash. Every answer has a header `X-Request-Id`.',
      license: { name: about.license, identifier: about.license },
    },
    servers: [{ url, description: 'This server' }],
    security: [{ bearer: [] }, { apiKey: [] }],
    tags: TAGS.map(([name, description]) => ({ name, description })),
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'A token, mostly of one account.' },
        apiKey: { type: 'apiKey', in: 'header', name: 'Authorization', description: '`APIKey` and a token, mostly one that reaches every account.' },
      },
      schemas: Object.fromEntries(schemas.names.map((name) => [componentName(name), schemas.schema(name, REF, componentName)])),
      headers: {
        RequestId: { description: 'The id of this request, as in our log.', schema: { type: 'string', format: 'uuid' } },
        RetryAfter: { description: 'Whole seconds after which to come again.', schema: { type: 'integer', minimum: 1 } },
        RateLimitLimit: { description: 'Requests that this token may make in a minute.', schema: { type: 'integer' } },
        RateLimitRemaining: { description: 'How many more it may make just now.', schema: { type: 'integer' } },
        RateLimitReset: { description: 'Seconds until it may make as many as ever.', schema: { type: 'integer' } },
      },
    },
  };
}

function operationOf(route: Route): Json {
  const parameters = parametersOf(route);
  return {
    operationId: route.operation,
    tags: [route.tag],
    summary: route.summary,
    ...(route.about === undefined ? {} : { description: route.about }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(route.body === undefined ? {} : { requestBody: requestOf(route.body) }),
    responses: { ...successesOf(route), ...failuresOf(route), ...(route.passes === undefined ? {} : { default: { description: route.passes.about, ...contentOf(route.passes) } }) },
  };
}

function parametersOf({ path, method, query = {}, headers = {} }: Route): readonly Json[] {
  const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => {
    const [description, schema, example] = PATH_PARAMETERS[name] ?? unknownParameter(name);
    return { name, in: 'path', required: true, description, schema, example };
  });
  const listed = (where: string, all: Readonly<Record<string, Parameter>>): readonly Json[] =>
    Object.entries(all).map(([name, { about: description, schema }]) => ({ name, in: where, description, schema }));
  return [...named, ...listed('query', query), ...listed('header', { ...headers, ...(method === 'POST' && ONCE_HEADER) })];
}

function unknownParameter(name: string): never {
  throw new Error(`The path parameter ${name} is not described.`);
}

function requestOf(body: NonNullable<Route['body']>): Json {
  if (body === 'bytes') return { required: false, content: { '*/*': { schema: {}, example: '{"ticket":{"priority":"high"}}' } } };
  const schema = { $ref: REF + componentName(body.json) };
  const json = { 'application/json': { schema, example: exampleOf(body.json) } };
  if (body.files !== true) return { required: true, content: json };
  const { type, required, properties } = apiSchemas().schema(body.json, REF, componentName);
  const form = { type, required, properties: { ...(properties as object), attachments: { description: 'Files.', type: 'array', items: { type: 'string', contentMediaType: 'application/octet-stream' } } } };
  return { required: true, content: { ...json, 'multipart/form-data': { schema: form } } };
}

const COMMON_HEADERS = {
  'X-Request-Id': { $ref: '#/components/headers/RequestId' },
  'RateLimit-Limit': { $ref: '#/components/headers/RateLimitLimit' },
  'RateLimit-Remaining': { $ref: '#/components/headers/RateLimitRemaining' },
  'RateLimit-Reset': { $ref: '#/components/headers/RateLimitReset' },
};

function successesOf(route: Route): Json {
  return Object.fromEntries(
    Object.entries(route.answers).map(([status, answer]) => [status, { description: answer.about, headers: COMMON_HEADERS, ...contentOf(answer) }]),
  );
}

function contentOf({ schema, type = 'application/json', example }: Answer): Json {
  if (schema === null) return type === 'application/json' ? {} : { content: { [type]: { schema: {}, example: example ?? 'bytes as they are' } } };
  return { content: { [type]: { schema: { $ref: REF + componentName(schema) }, example: example ?? exampleOf(schema) } } };
}

function exampleOf(name: string): unknown {
  const { examples } = apiSchemas().schema(name, REF);
  if (!Array.isArray(examples) || examples.length === 0) throw new Error(`schemas/api/${name}.json has no example.`);
  return examples[0];
}

/** Every code that the route may give, by its status. */
export function errorsOf(route: Route): ReadonlyMap<number, readonly ErrorCode[]> {
  const hasId = route.path.includes('{');
  const json = route.answers[200]?.type === undefined;
  const codes = new Set<ErrorCode>([
    ...ALWAYS.filter((code) => code !== 'invalid_token' || route.unknownToken === undefined),
    ...(route.unknownToken === undefined ? [] : [route.unknownToken]),
    ...route.errors,
    ...(json ? (['not_acceptable'] as const) : []),
    ...(hasId ? (['not_found'] as const) : []),
    ...(route.scope === 'all' || (route.method !== 'GET' && route.reads !== true) ? (['forbidden'] as const) : []),
    ...(route.desk === true ? OF_DESKS : []),
    ...(route.body === undefined ? [] : OF_BODIES),
    ...(route.method === 'POST' ? (['conflict', 'unprocessable_entity'] as const) : []),
  ]);
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codes) byStatus.set(HTTP_STATUS[code], [...(byStatus.get(HTTP_STATUS[code]) ?? []), code]);
  return new Map([...byStatus].sort(([a], [b]) => a - b));
}

function failuresOf(route: Route): Json {
  return Object.fromEntries(
    [...errorsOf(route)].map(([status, codes]) => {
      const description = codes.map((code) => `\`${code}\`: ${code === 'configuration' ? '' : MEANINGS[code]}`).join('; ');
      const example = { status_code: status, error_code: codes[0], message: 'What is wrong, and what would mend it.', id: '0198c5b2-7b1e-7c3a-9d55-0f5e8f6f2a10' };
      const waits = [429, 503, 504].includes(status) ? { 'Retry-After': { $ref: '#/components/headers/RetryAfter' } } : {};
      return [String(status), { description, headers: { 'X-Request-Id': COMMON_HEADERS['X-Request-Id'], ...waits }, content: { 'application/json': { schema: { $ref: `${REF}Error` }, example } } }];
    }),
  );
}
