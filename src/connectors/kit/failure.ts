/** From an answer, or from the lack of one, to a `DeskFailure`: decided by status, code and phase, never by wording. */
import { DeskFailure, type FailureKind } from '../../ports/connector.ts';
import { htmlToText } from './html.ts';
import type { Answer } from './answer.ts';

/** What a desk's error body says, read by the service that knows its shapes. Undefined leaves a matter to the status. */
export interface Complaint {
  readonly kind?: FailureKind;
  readonly code?: string | null;
  readonly message?: string | null;
  readonly fields?: readonly string[];
  /** How long to wait where the desk asks for a wait without saying how long. */
  readonly waitMs?: number;
  /** What has to wait where the desk asks for it: the account, unless it says less. */
  readonly reach?: 'account' | 'call';
}

/** Reads a service's error body; must bear every kind of body. */
export type Complaints = (answer: Answer) => Complaint;

export interface Judging {
  readonly service: string;
  /** The request was a write: an outcome that cannot be known is `unsure`. */
  readonly write: boolean;
  readonly now: number;
  /** Takes secrets out of a text. */
  readonly scrub: (text: string) => string;
}

const DEFAULT_RETRY_AFTER_MS = 10_000;
const LONGEST_RETRY_AFTER_MS = 86_400_000;

/** Errors of a connection that was never made, so nothing can have been sent. */
const NEVER_SENT: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_FAIL',
  'EAI_NODATA',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'ERR_INVALID_URL',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/** Time-outs of phases that end before the first byte of the request is written. */
const BEFORE_SENDING: ReadonlySet<string> = new Set(['lookup', 'connect', 'secureConnect']);

/** The failure that a non-2xx answer stands for. */
export function judge(answer: Answer, complaint: Complaint, judging: Judging): DeskFailure {
  const asked = retryAt(answer, judging.now);
  const kind = complaint.kind ?? kindOf(answer, asked !== null, judging.write);
  const failure = new DeskFailure(kind, judging.scrub(sentence(answer, complaint, judging.service)), {
    status: answer.status,
    code: complaint.code ?? null,
    retryAt: kind === 'throttled' ? (asked ?? judging.now + (complaint.waitMs ?? DEFAULT_RETRY_AFTER_MS)) : asked,
    fields: complaint.fields ?? [],
    reach: complaint.reach ?? 'account',
  });
  answers.set(failure, answer);
  return failure;
}

/** Kept apart from the failures, so that no answer reaches a log with one. */
const answers = new WeakMap<DeskFailure, Answer>();

/** The answer that a failure was made of, for a connector that wants to read on; undefined where there was none. */
export function answerOf(failure: DeskFailure): Answer | undefined {
  return answers.get(failure);
}

function kindOf(answer: Answer, saidWhen: boolean, write: boolean): FailureKind {
  const { status } = answer;
  if (status < 400) return 'surprise';
  if (status === 401 || status === 403) return 'unauthorised';
  // A page of HTML is not how a desk says that a ticket is gone: a wrong host or a proxy must not look like a deletion.
  if (status === 404 || status === 410) return answer.body === undefined && answer.text.trim() !== '' ? 'surprise' : 'missing';
  if (status === 429) return 'throttled';
  if (status === 503 && saidWhen) return 'throttled';
  if (status === 408 || status === 425 || status >= 500) return write ? 'unsure' : 'unavailable';
  return 'refused';
}

/** `Retry-After` as seconds or as an HTTP date, in epoch milliseconds by our clock; null if it is absent or unreadable. */
export function retryAt(answer: Pick<Answer, 'headers'>, now: number): number | null {
  const header = answer.headers['retry-after']?.trim();
  if (header === undefined || header === '') return null;
  if (/^\d+(\.\d+)?$/.test(header)) return now + Math.min(Number(header) * 1000, LONGEST_RETRY_AFTER_MS);
  const until = Date.parse(header);
  if (Number.isNaN(until)) return null;
  // The desk's clock may differ from ours: the date counts from the answer's own date.
  const from = Date.parse(answer.headers.date ?? '');
  const wait = until - (Number.isNaN(from) ? now : from);
  return now + Math.min(Math.max(wait, 0), LONGEST_RETRY_AFTER_MS);
}

function sentence(answer: Answer, complaint: Complaint, service: string): string {
  const said = complaint.message ?? plainWords(answer.text);
  const code = complaint.code == null ? '' : ` ${complaint.code}`;
  return `${service} answered ${answer.status}${code}${said === '' ? '' : `: ${said}`}`;
}

/** The first words of a body of any kind, HTML included. */
function plainWords(text: string): string {
  const start = text.slice(0, 2000).trim();
  return (start.startsWith('<') ? htmlToText(start) : start).replace(/\s+/g, ' ').slice(0, 300);
}

/** The failure that got's error stands for. The error itself stays here: its request holds credentials. */
export function unanswered(error: unknown, judging: Judging): DeskFailure {
  const facts = factsOf(error);
  const neverSent =
    NEVER_SENT.has(facts.code) ||
    BEFORE_SENDING.has(facts.phase) ||
    (facts.code === 'ETIMEDOUT' && (facts.syscall === 'connect' || facts.syscall === 'getaddrinfo'));
  const kind = neverSent || !judging.write ? 'unavailable' : 'unsure';
  const where = facts.phase === '' ? '' : ` in phase ${facts.phase}`;
  return new DeskFailure(kind, `${judging.service} gave no answer: ${facts.code === '' ? 'the request failed' : facts.code}${where}`, {
    code: facts.code === '' ? null : facts.code,
  });
}

function factsOf(error: unknown): { readonly code: string; readonly phase: string; readonly syscall: string } {
  const text = (from: unknown, name: string): string => {
    if (typeof from !== 'object' || from === null) return '';
    const value: unknown = Reflect.get(from, name);
    return typeof value === 'string' ? value : '';
  };
  const cause: unknown = error instanceof Error ? error.cause : undefined;
  return { code: text(error, 'code'), phase: text(error, 'event'), syscall: text(cause, 'syscall') };
}

/** The answer, or null where this account may not know (403) or where there is nobody (404): no reason to fail. */
export async function ifAllowed<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof DeskFailure && (error.status === 403 || error.status === 404)) return null;
    throw error;
  }
}

/** A function that takes the account's secrets out of whatever a desk says. */
export function scrubber(secrets: readonly string[]): (text: string) => string {
  const long = [...new Set(secrets)].filter((secret) => secret.length >= 4).sort((a, b) => b.length - a.length);
  return (text) => long.reduce((clean, secret) => clean.replaceAll(secret, '•••'), text);
}

/** Wraps a method of a desk so that nothing but a `DeskFailure` leaves it: a fault of ours is a `surprise`. */
export function safely<A extends readonly unknown[], R>(method: (...args: A) => Promise<R>): (...args: A) => Promise<R> {
  return async (...args) => {
    try {
      return await method(...args);
    } catch (error) {
      if (error instanceof DeskFailure) throw error;
      const name = error instanceof Error ? error.name : typeof error;
      throw new DeskFailure('surprise', `the connector could not make sense of what it was given or answered (${name})`);
    }
  };
}

/**
 * For what comes before a write: whatever is wrong with it, the write was not sent. `missing` and `refused` are kept only where what
 * was looked for is what is written to; else a look-up that finds nothing would tell of a ticket that is gone.
 */
export async function notDone<T>(before: () => Promise<T>, { ofTarget = false } = {}): Promise<T> {
  try {
    return await before();
  } catch (error) {
    if (!(error instanceof DeskFailure)) throw error;
    if (error.kind === 'throttled' || error.kind === 'unauthorised' || error.kind === 'unavailable') throw error;
    if (ofTarget && (error.kind === 'missing' || error.kind === 'refused')) throw error;
    throw new DeskFailure('unavailable', `not sent: ${error.message}`, { status: error.status, code: error.code });
  }
}
