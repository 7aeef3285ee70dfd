/** Customers are never deleted through us: HelpSpace deletes all their tickets with them, for good (vendor's page on customers). */
import { DeskFailure, type RawAnswer, type RawCall } from '../../ports/connector.ts';

const HARMLESS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PATCH']);

/** Passes calls on, but none that could delete a customer; its framework also takes a POST for a DELETE if told so. */
export function sparingCustomers(pass: (call: RawCall) => Promise<RawAnswer>): (call: RawCall) => Promise<RawAnswer> {
  return async (call) => {
    if (!HARMLESS.has(call.method.toUpperCase()) && isOneCustomer(call.path)) {
      throw new DeskFailure('refused', 'deleting a customer deletes all its tickets, for good: this is not passed on');
    }
    return pass(call);
  };
}

function isOneCustomer(path: string): boolean {
  const plain = URL.parse(path, 'https://desk.invalid')?.pathname ?? path;
  return /\/customers\/[^/]/i.test(decoded(plain).replace(/\/{2,}/g, '/'));
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
