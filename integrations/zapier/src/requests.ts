/** What every request of the app has in common: where it goes, who it is from, and what its failures mean. */
import zapier, { type Bundle, type HttpRequestOptionsWithUrl, type HttpResponse, type ZObject } from 'zapier-platform-core';

/** The error object that Deskmesh answers with. */
interface ErrorBody {
  readonly error_code?: string;
  readonly message?: string;
  readonly faults?: readonly { readonly path: string; readonly message: string }[];
}

const LONGEST_TOLD_FAULTS = 10;
const USUAL_PAUSE_S = 60;

/** Paths are of the connected Deskmesh; the token goes nowhere else. */
export function addBase(request: HttpRequestOptionsWithUrl, _z: ZObject, bundle: Bundle): HttpRequestOptionsWithUrl {
  return { ...request, url: `${baseOf(bundle)}${request.url}`, redirect: 'manual' };
}

export function authorize(request: HttpRequestOptionsWithUrl, _z: ZObject, bundle: Bundle): HttpRequestOptionsWithUrl {
  return { ...request, headers: { ...request.headers, Authorization: `APIKey ${bundle.authData['token'] ?? ''}` }, skipThrowForStatus: true };
}

/** The address without a path, whatever slashes it was typed with. */
export function baseOf(bundle: Pick<Bundle, 'authData'>): string {
  return (bundle.authData['base_url'] ?? '').trim().replace(/\/+$/, '').replace(/\/v1$/, '');
}

/** Failures become what Zapier does about them: wait and try again, ask for a new token, or tell the user in Deskmesh's own words. */
export function explain(response: HttpResponse): HttpResponse {
  const { status } = response;
  if (status < 300) return response;
  const body = bodyOf(response);
  const message = [body.message ?? `Deskmesh answered ${status}.`, ...(body.faults ?? []).slice(0, LONGEST_TOLD_FAULTS).map(({ path, message: why }) => `${path}: ${why}`)].join(' ');
  const code = body.error_code ?? String(status);
  // These words are about the token; a desk that refuses Deskmesh's credentials is no reason to ask for another one.
  if (['authentication_required', 'unauthorized', 'invalid_token'].includes(code)) throw new zapier.errors.ExpiredAuthError(message);
  if (status === 429 || status === 503) throw new zapier.errors.ThrottledError(message, secondsOf(response));
  throw new zapier.errors.Error(message, code, status);
}

function bodyOf(response: HttpResponse): ErrorBody {
  try {
    const body: unknown = JSON.parse(response.content);
    return typeof body === 'object' && body !== null ? body : {};
  } catch {
    return {};
  }
}

function secondsOf(response: HttpResponse): number {
  const seconds = Number(response.getHeader('retry-after'));
  return Number.isFinite(seconds) && seconds > 0 ? seconds : USUAL_PAUSE_S;
}
