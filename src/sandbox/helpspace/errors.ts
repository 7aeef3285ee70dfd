/** How HelpSpace says no. The vendor documents no error; these are the shapes of Laravel, by which its API is recognisably built. */
import { Refused, type Reply } from '../kit/desk.ts';

/** What is wrong, by the dotted name of the field. */
export type Problems = Map<string, string[]>;

export const problem = (problems: Problems, field: string, message: string): void => {
  const known = problems.get(field);
  if (known) known.push(message);
  else problems.set(field, [message]);
};

export const says = (status: number, message: string, headers?: Readonly<Record<string, string>>): Reply => ({
  status,
  body: { message },
  ...(headers ? { headers } : {}),
});

export const unauthenticated = (): Reply => says(401, 'Unauthenticated.');
export const missing = (model: string, id: string): Reply => says(404, `No query results for model [App\\Models\\${model}] ${id}`);
export const noRoute = (path: string): Reply => says(404, `The route ${path.slice(1)} could not be found.`);
export const notAllowed = (method: string, path: string, allowed: readonly string[]): Reply =>
  says(405, `The ${method} method is not supported for route ${path.slice(1)}. Supported methods: ${allowed.join(', ')}.`, { Allow: allowed.join(', ') });
export const tooMany = (seconds: number): Reply => says(429, 'Too Many Attempts.', { 'Retry-After': String(seconds) });
export const deleted = (): Reply => says(200, 'Object deleted.');

/** Throws if anything is wrong: all of it at once, the first in the message. */
export function refuseIf(problems: Problems): void {
  if (problems.size === 0) return;
  const all = [...problems.values()].flat();
  const more = all.length - 1;
  const rest = more === 0 ? '' : ` (and ${more} more error${more === 1 ? '' : 's'})`;
  throw new Refused({ status: 422, body: { message: `${all[0] ?? ''}${rest}`, errors: Object.fromEntries(problems) } });
}

/** What a fault of that status looks like at this vendor. */
export function wording(status: number): Reply {
  switch (status) {
    case 401:
      return unauthenticated();
    case 403:
      return says(status, 'This action is unauthorized.');
    case 404:
      return missing('Ticket', '0');
    case 422:
      return { status, body: { message: 'The subject field is required.', errors: { subject: ['The subject field is required.'] } } };
    case 429:
      return says(status, 'Too Many Attempts.');
    case 503:
      return says(status, 'Service Unavailable');
    default:
      return says(status, 'Server Error');
  }
}
