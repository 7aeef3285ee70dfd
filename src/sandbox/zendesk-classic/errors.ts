/** How a classic Zendesk says no: 406 with a list of errors, plain words, or one blank. Seen in clients' code, 2009 to 2013. */
import { Refused, type Reply } from '../kit/desk.ts';
import { leaf, list, toXml } from './document.ts';

const XML = 'application/xml; charset=utf-8';

const errorsXml = (messages: readonly string[]): string => toXml(list('errors', messages.map((message) => leaf('error', message))));
export const refusal = (messages: readonly string[], status = 406): Reply => ({ status, text: errorsXml(messages), type: XML });
export const invalid = (messages: readonly string[]): Refused => new Refused(refusal(messages));

/** Nothing there: a single blank. */
export const missing = (): Reply => ({ status: 404, text: ' ', type: 'text/html; charset=utf-8' });
export const badRequest = (): Reply => ({ status: 400, text: 'Bad Request' });
export const unauthenticated = (): Reply => ({ status: 401, text: 'Couldn\'t authenticate you', headers: { 'WWW-Authenticate': 'Basic realm="Web Password"' } });
export const forbidden = (): Reply => ({ status: 403, text: 'You do not have access to this page. Please contact the account owner of this help desk for further help.' });
export const throttled = (): Reply => ({ status: 503, text: 'Number of allowed API requests per minute exceeded' });
/** The account may add no more users. */
export const noMoreUsers = (): Reply => refusal(['User: the account has reached its limit of users'], 507);

const page = (status: number, title: string): Reply => ({
  status,
  text: `<!DOCTYPE html>\n<html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>\n`,
  type: 'text/html; charset=utf-8',
});

/** What a fault of that status looks like at this vendor. */
export function wording(status: number): Reply {
  switch (status) {
    case 400:
      return badRequest();
    case 401:
      return unauthenticated();
    case 403:
      return forbidden();
    case 404:
      return missing();
    default:
      if (status < 500) return refusal(['Status: the request cannot be processed'], status);
      return page(status, status === 503 ? 'We are down for maintenance' : 'We are sorry, but something went wrong');
  }
}
