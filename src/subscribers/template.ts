/** The user's own JSON with places such as `{{ticket.subject}}`: filled in by value, so nothing in a text can leave its string. */
import { filled, placesIn, wrongWithPlace } from '../core/places.ts';
import type { Format } from '../ports/subscriber.ts';
import { signed, standardWebhooks } from './standard-webhooks.ts';

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
      for (const message of placesIn(part).map(wrongWithPlace)) if (message !== null) faults.push({ path, message });
    } else if (typeof part === 'object' && part !== null) for (const [key, inner] of Object.entries(part)) walk(inner, `${path}.${key}`, depth + 1);
  };
  walk(value, 'template', 0);
  return faults;
}
