/** What comes with a request, held against what its route declares: all faults at once. */
import type { IncomingMessage } from 'node:http';
import { apiSchemas } from '../../contracts/api.ts';
import { createValidator, type Validate } from '../../contracts/validator.ts';
import { decodeJson } from '../../engine/json.ts';
import { storableJson } from '../../engine/storable.ts';
import { AppError, type Fault } from '../../errors.ts';
import { requireJson, type ReadBody } from '../body.ts';
import type { Parameter, Route, UploadedFile } from './route.ts';

export interface Input {
  readonly query: Readonly<Record<string, unknown>>;
  readonly body: unknown;
  readonly files: readonly UploadedFile[];
}

export interface ReadInput {
  /** Null when the sender went away. Throws one `invalid_parameters` with every fault. */
  (request: IncomingMessage, querystring: string): Promise<Input | null>;
}

/** Made once for each route; throws when one of its schemas is wrong. */
export function inputOf(route: Route, readBody: ReadBody, readForm: ReadForm): ReadInput {
  const query = parametersOf('query', route.query ?? {});
  const headers = parametersOf('header', { ...route.headers, ...(route.method === 'POST' && ONCE_HEADER) });
  const named = [...Object.keys(route.headers ?? {}), ...Object.keys(ONCE_HEADER)];
  const body = bodyOf(route, readBody, readForm);

  return async (request, querystring) => {
    const faults: Fault[] = [];
    const told = query(new URLSearchParams(querystring), faults, true);
    headers(named.map((name) => [name, String(request.headers[name.toLowerCase()] ?? '')] as const), faults, false);
    const came = await body(request, faults);
    if (came === null) return null;
    if (faults.length > 0) {
      await Promise.all(came.files.map(({ kept }) => kept.drop()));
      throw invalid(faults);
    }
    return { query: told, ...came };
  };
}

/** Of every POST. */
export const ONCE_HEADER: Readonly<Record<string, Parameter>> = {
  'Idempotency-Key': {
    about: 'Any text that is new for each request. The same request with the same key gets the same answer for 24 hours and is done once.',
    schema: { type: 'string', pattern: '^[\\x21-\\x7e]{1,255}$' },
  },
};

type Came = Pick<Input, 'body' | 'files'>;
const NOTHING: Came = { body: undefined, files: [] };

function bodyOf(route: Route, readBody: ReadBody, readForm: ReadForm): (request: IncomingMessage, faults: Fault[]) => Promise<Came | null> {
  if (route.body === undefined) return () => Promise.resolve(NOTHING);
  if (route.body === 'bytes') {
    return async (request) => {
      const bytes = await readBody(request);
      return bytes === null ? null : { body: bytes, files: [] };
    };
  }
  const { json, files = false } = route.body;
  const validate = apiSchemas().validator(json);
  return async (request, faults) => {
    if (files && isForm(request.headers)) {
      const form = await readForm(request);
      if (form !== null) faults.push(...validate(form.body));
      return form;
    }
    const bytes = await readBody(request);
    if (bytes === null) return null;
    if (bytes.length === 0) {
      faults.push({ path: '', message: 'The body is missing: send a JSON object, with Content-Type: application/json.' });
      return NOTHING;
    }
    requireJson(request.headers);
    const { value, odd } = decodeJson(bytes);
    // Neither desks nor we can hold half a character, or a NUL.
    const plain = odd ? storableJson(value) : value;
    faults.push(...validate(plain));
    return { body: plain, files: [] };
  };
}

/** Takes a form: its fields as an object, its files to the disk. Null when the sender went away. */
export type ReadForm = (request: IncomingMessage) => Promise<Came | null>;

function isForm(headers: IncomingMessage['headers']): boolean {
  return /^multipart\/form-data *(;|$)/i.test(headers['content-type'] ?? '');
}

/** One sentence for one fault, and the count of several. */
export function invalid(faults: readonly Fault[]): AppError {
  const [first] = faults;
  const message = faults.length === 1 && first !== undefined ? `${first.path === '' ? 'The body' : first.path}: ${first.message}` : `${faults.length} things are wrong with this request.`;
  return new AppError('invalid_parameters', message, { faults });
}

type Texts = Iterable<readonly [string, string]>;

function parametersOf(where: 'query' | 'header', declared: Readonly<Record<string, Parameter>>) {
  const validators = new Map<string, Validate>(Object.entries(declared).map(([name, { schema }]) => [name, createValidator(schema)]));
  return (texts: Texts, faults: Fault[], closed: boolean): Readonly<Record<string, unknown>> => {
    const values: Record<string, unknown> = {};
    for (const [name, { schema }] of Object.entries(declared)) if (schema['default'] !== undefined) values[name] = schema['default'];
    const given = new Set<string>();
    for (const [name, text] of texts) {
      const validate = validators.get(name);
      const path = `${where}/${name.slice(0, 100)}`;
      if (validate === undefined) {
        if (closed) faults.push({ path, message: `This is not known here: leave it out${known(validators)}.` });
        continue;
      }
      if (given.has(name)) faults.push({ path, message: 'This stands here twice: give it once.' });
      given.add(name);
      // An empty one is one that was not filled in.
      if (text === '') continue;
      const value = typed(text, declared[name]?.schema['type']);
      for (const { message } of validate(value)) faults.push({ path, message });
      values[name] = value;
    }
    return values;
  };
}

function known(validators: ReadonlyMap<string, unknown>): string {
  return validators.size === 0 ? '' : `, or name one of ${[...validators.keys()].join(', ')}`;
}

/** A text as the type that is asked for, where it is one; else as it stands, for the validator to complain of. */
function typed(text: string, type: unknown): unknown {
  if (type === 'integer' && /^-?\d{1,15}$/.test(text)) return Number(text);
  if (type === 'boolean' && /^(true|false)$/i.test(text)) return text.toLowerCase() === 'true';
  return text;
}
