/** One attempt at one delivery, and what comes of it. */
import { askedPause, judgeDelivery } from '../core/delivery.ts';
import type { Delivered, Endpoint, Format, Message, Send } from '../ports/subscriber.ts';
import type { Claimed, OpenSubscription, Settled } from '../ports/subscriptions.ts';
import type { World } from '../ports/world.ts';

export interface AttemptPorts {
  readonly formats: Readonly<Record<string, Format>>;
  readonly send: Send;
  readonly world: World;
}

/** Never rejects. `signal` cuts it short: then nothing is known of it. */
export async function attempt(ports: AttemptPorts, claimed: Claimed, subscription: OpenSubscription, signal: AbortSignal): Promise<Settled> {
  const { world } = ports;
  const at = world.now();
  const format = Object.hasOwn(ports.formats, subscription.format) ? ports.formats[subscription.format] : undefined;
  const endpoint = endpointOf(subscription, at);
  const message = rendered(format, claimed, endpoint, at);
  const delivered = typeof message === 'string' ? unsent(message) : await ports.send(message, signal);
  const { answer, thread } = format?.answered?.(delivered, endpoint) ?? { answer: delivered, thread: null };
  const record = { at, ms: world.now() - at, status: delivered.status, failure: answer.failure, headers: delivered.headers, body: delivered.body };
  const told = { claimed, attempt: record, thread: answer.failure === null ? thread : null };
  if (signal.aborted && delivered.status === null) return { ...told, state: 'waiting', reason: 'Deskmesh stopped before an answer came', in_ms: 0, endpoint: null, pause_ms: null };
  const verdict = judgeDelivery(claimed.tries + 1, answer, world.random());
  if (verdict.kind === 'delivered') return { ...told, state: 'delivered', reason: null, in_ms: null, endpoint: claimed.test ? null : 'well', pause_ms: null };
  const reason = answer.failure ?? `the answer was ${answer.status ?? 'none'}`;
  // A test is told at once how it went.
  if (claimed.test) return { ...told, state: 'dead', reason, in_ms: null, endpoint: null, pause_ms: null };
  if (verdict.kind === 'gone') return { ...told, state: 'dead', reason, in_ms: null, endpoint: 'gone', pause_ms: null };
  if (verdict.kind === 'dead') return { ...told, state: 'dead', reason: `tried ${claimed.tries + 1} times: ${reason}`, in_ms: null, endpoint: 'failing', pause_ms: null };
  return { ...told, state: 'waiting', reason, in_ms: verdict.inMs, endpoint: 'failing', pause_ms: askedPause(answer) };
}

function endpointOf({ url, secrets, template, token, channel }: OpenSubscription, now: number): Endpoint {
  return { url, secrets: secrets.filter(({ until }) => until === null || until > now).map(({ secret }) => secret), template, token, channel };
}

function rendered(format: Format | undefined, { event, id, thread }: Claimed, endpoint: Endpoint, at: number): Message | string {
  if (format === undefined) return 'its format is not known any more';
  try {
    return format.render({ event, deliveryId: id, at, thread }, endpoint);
  } catch {
    return 'no message could be made of it';
  }
}

function unsent(failure: string): Delivered {
  return { status: null, headers: {}, body: '', read: '', failure, retryAfterMs: null };
}
