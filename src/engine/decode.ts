/** A webhook's body becomes plain data: JSON at every door, and whatever else the account's connector takes. */
import { isUtf8 } from 'node:buffer';
import { AppError } from '../errors.ts';
import type { BodyParser, Connector } from '../ports/connector.ts';
import { decodeJson, type Decoded } from './json.ts';

const JSON_ITSELF = 'application/json';
const JSON_TYPE = /^application\/(?:json|[a-z0-9!#$&^_.-]{1,100}\+json)$/;
const NOTHING_MORE: Readonly<Record<string, BodyParser>> = {};

/** Reads one body; throws `bad_request` if it is not what its type promises. */
export type Decode = (rawBody: Buffer) => Decoded;

/** How a body of this content type is read. Throws `unsupported_media_type` if nobody here takes it. */
export function decoderFor(contentType: string | undefined, formats: Connector['formats'] = NOTHING_MORE): Decode {
  const mend = Object.hasOwn(formats, JSON_ITSELF) ? formats[JSON_ITSELF] : undefined;
  const json: Decode = mend === undefined ? decodeJson : (rawBody) => decodeBroken(rawBody, mend);
  if (contentType === JSON_ITSELF) return json;
  if (contentType === undefined) throw unsupported(`The Content-Type header is missing: send ${listed(formats)}.`);
  const [type = '', ...parameters] = contentType.toLowerCase().split(';');
  const media = type.trim();
  const parse = media !== JSON_ITSELF && Object.hasOwn(formats, media) ? formats[media] : undefined;
  if (parse === undefined && !JSON_TYPE.test(media)) {
    throw unsupported(`The content type ${clip(contentType)} is not taken here: send ${listed(formats)}.`);
  }
  for (const parameter of parameters) {
    const [name = '', value = ''] = parameter.split('=');
    if (name.trim() !== 'charset') continue;
    const charset = value.trim().replace(/^"(.*)"$/, '$1');
    if (charset !== 'utf-8' && charset !== 'utf8') throw unsupported(`The charset ${clip(charset)} is not taken here: send UTF-8.`);
  }
  return parse === undefined ? json : (rawBody) => decodeText(rawBody, parse);
}

/** JSON as it should be; where it is not, what the connector can make of it. */
function decodeBroken(rawBody: Buffer, mend: BodyParser): Decoded {
  try {
    return decodeJson(rawBody);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return decodeText(rawBody, mend);
  }
}

function decodeText(rawBody: Buffer, parse: BodyParser): Decoded {
  if (!isUtf8(rawBody)) throw new AppError('bad_request', 'The body is not valid UTF-8: send it encoded in UTF-8.');
  const start = rawBody[0] === 0xef && rawBody[1] === 0xbb && rawBody[2] === 0xbf ? 3 : 0;
  // What may come out of another format's escapes is not known here, so it is treated as if it held the worst.
  return { value: parse(rawBody.toString('utf8', start)), odd: true };
}

function listed(formats: Readonly<Record<string, BodyParser>>): string {
  return [...new Set([JSON_ITSELF, ...Object.keys(formats)])].join(' or ');
}

function unsupported(message: string): AppError {
  return new AppError('unsupported_media_type', message);
}

function clip(text: string): string {
  return text.length > 100 ? `${text.slice(0, 99)}…` : text;
}
