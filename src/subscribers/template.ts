/** The user's own JSON with places such as `{{ticket.subject}}`: filled in by value, so nothing in a text can leave its string. */
import type { Format, MeshEvent } from '../ports/subscriber.ts';
import { signed, standardWebhooks } from './standard-webhooks.ts';

const PLACE = /\{\{\s*([^{}]*?)\s*\}\}/g;
const ALONE = /^\{\{\s*([^{}]*?)\s*\}\}$/;
const ROOTS: readonly string[] = ['id', 'type', 'time', 'account', 'link', 'cause', 'private', 'ticket', 'changes', 'comment', 'reason'];
const PATH = /^[a-z_]+(?:\.[A-Za-z0-9_:-]+)*$/;
const DEEPEST = 20;
const MOST_BYTES = 32_768;

export const template: Format = {
  name: 'template',
  title: 'JSON of your own',
  faults: (endpoint) => [...standardWebhooks.faults(endpoint), ...templateFaults(endpoint.template)],
  render: ({ event, deliveryId, at }, endpoint) => signed(endpoint, deliveryId, at, JSON.stringify(filled(endpoint.template, event))),
};

/** Every place that names nothing, with what would be right. */
export function templateFaults(value: unknown): readonly { readonly path: string; readonly message: string }[] {
  if (typeof value !== 'object' || value === null) return [{ path: 'template', message: 'This must be a JSON object or list.' }];
  if (JSON.stringify(value).length > MOST_BYTES) return [{ path: 'template', message: `This must not be longer than ${MOST_BYTES} bytes.` }];
  const faults: { path: string; message: string }[] = [];
  const walk = (part: unknown, path: string, depth: number): void => {
    if (depth > DEEPEST) faults.push({ path, message: `This must not be nested deeper than ${DEEPEST} levels.` });
    else if (typeof part === 'string') {
      for (const [, place = ''] of part.matchAll(PLACE)) {
        const [root = ''] = place.split('.');
        if (PATH.test(place) && ROOTS.includes(root)) continue;
        faults.push({ path, message: `{{${place}}} names nothing: a place begins with one of ${ROOTS.join(', ')}, such as {{ticket.subject}}.` });
      }
    } else if (typeof part === 'object' && part !== null) for (const [key, inner] of Object.entries(part)) walk(inner, `${path}.${key}`, depth + 1);
  };
  walk(value, 'template', 0);
  return faults;
}

/** A place that stands alone keeps its value's type; one within a text becomes words. What is not there is null, or nothing. */
export function filled(value: unknown, event: MeshEvent): unknown {
  if (typeof value === 'string') {
    const alone = ALONE.exec(value)?.[1];
    if (alone !== undefined) return at(event, alone) ?? null;
    return value.replace(PLACE, (_, place: string) => wordsOf(at(event, place)));
  }
  if (Array.isArray(value)) return value.map((part) => filled(part, event));
  if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, filled(part, event)]));
  return value;
}

function at(event: MeshEvent, place: string): unknown {
  let found: unknown = event;
  for (const name of place.split('.')) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return undefined;
    found = Reflect.get(found, name);
  }
  return found;
}

function wordsOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
