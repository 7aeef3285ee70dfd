/** What is wrong with a subscription, as far as that can be known when it is saved: all of it at once. */
import { isIP } from 'node:net';
import type { CompileWhere } from '../core/rules.ts';
import type { SubscriptionTerms } from '../core/subscription.ts';
import type { Fault } from '../errors.ts';
import type { Format } from '../ports/subscriber.ts';

export interface Judging {
  readonly formats: Readonly<Record<string, Format>>;
  /** Whether an IP address may be connected to; names are looked up when they are. */
  readonly allows: (address: string) => boolean;
  readonly compileWhere: CompileWhere;
  /** Whether there is an account of this id. */
  readonly isAccount: (id: number) => boolean;
}

/** Terms that fit their schema, with the secret and the token that go with them; no secret if one is to be made. */
export interface JudgedTerms extends SubscriptionTerms {
  readonly secret: string | null;
  readonly token: string | null;
}

/** Stands for a secret that is going to be made. */
const ANY_SECRET = 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=';
const MOST_FILTER_BYTES = 32_768;

/** Paths are JSON pointers into the terms. */
export function subscriptionFaults(terms: JudgedTerms, judging: Judging): readonly Fault[] {
  const format = Object.hasOwn(judging.formats, terms.format) ? judging.formats[terms.format] : undefined;
  return [
    ...urlFaults(terms.url, judging.allows),
    ...(format === undefined ? [{ path: '/format', message: `There is no such format: known are ${Object.keys(judging.formats).join(', ')}.` }] : formatFaults(terms, format)),
    ...(terms.accounts ?? []).flatMap((id, at) => (judging.isAccount(id) ? [] : [{ path: `/accounts/${at}`, message: 'There is no such account.' }])),
    ...whereFaults(terms.where, judging.compileWhere),
  ];
}

function urlFaults(text: string, allows: Judging['allows']): readonly Fault[] {
  const path = '/url';
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) return [{ path, message: 'This must be a web address that begins with https:// (or http://).' }];
  if (url.username !== '' || url.password !== '') return [{ path, message: 'This must not contain a user or password: they would stand in logs; the signature proves who sends.' }];
  if (url.hash !== '') return [{ path, message: 'This must not have a fragment (#…): it is never sent.' }];
  const host = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  const address = isIP(host) > 0 ? host : /^(.+\.)?localhost$/.test(host) ? '127.0.0.1' : null;
  if (address === null || allows(address)) return [];
  return [{ path, message: 'This leads into a private network: an operator can allow it with ALLOW_PRIVATE_SUBSCRIBERS.' }];
}

function formatFaults(terms: JudgedTerms, format: Format): readonly Fault[] {
  const { url, secret, token, channel, template } = terms;
  const told = format.faults({ url, secrets: [secret ?? ANY_SECRET], token, channel, template }).map(({ path, message }) => ({ path: `/${path.replaceAll('.', '/')}`, message }));
  const foreign = (path: string, value: unknown, of: string): readonly Fault[] =>
    value === null || format.name === of ? [] : [{ path, message: `This goes with the format ${of} only.` }];
  return [...told, ...foreign('/template', template, 'template'), ...foreign('/token', token, 'slack'), ...foreign('/channel', channel, 'slack')];
}

function whereFaults(where: SubscriptionTerms['where'], compile: CompileWhere): readonly Fault[] {
  if (where === null) return [];
  if (JSON.stringify(where).length > MOST_FILTER_BYTES) return [{ path: '/where', message: `This must not be longer than ${MOST_FILTER_BYTES} bytes.` }];
  try {
    compile(where);
    return [];
  } catch (error) {
    return [{ path: '/where', message: `This is no JSON Schema: ${error instanceof Error ? error.message.slice(0, 300) : 'it cannot be compiled'}.` }];
  }
}
