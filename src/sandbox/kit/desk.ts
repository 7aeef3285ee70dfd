/** What a fake desk hands to the kit, and what the kit hands to it. Everything that is one vendor's own stays behind this. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Clock } from './clock.ts';
import type { Deliveries } from './deliveries.ts';
import type { FormPart } from './form.ts';

/** A JSON object of which nothing is known yet. */
export type Json = Record<string, unknown>;

/** One API request, read whole, before the desk answers it. */
export interface Call {
  readonly method: string;
  /** Without query, as the desk's routes name it. */
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** The body as text; empty where the route reads bytes or a form. */
  readonly raw: string;
  readonly bytes: Buffer;
  /** The parsed JSON body; undefined when there was none, or where the route does not read JSON. */
  readonly body: unknown;
  /** The parts of a multipart body; null when it was none. */
  readonly form: readonly FormPart[] | null;
  /** E-mail of the agent whose credentials were used; empty where the vendor lets nobody in particular through. */
  readonly who: string;
}

export interface Reply {
  readonly status: number;
  /** Sent as JSON. Absent: no body at all. */
  readonly body?: unknown;
  /** The same, serialised already; wins over `body`. */
  readonly json?: string;
  /** Sent as it stands, as plain text; wins over both. */
  readonly text?: string;
  /** Sent as it stands; wins over all of them. */
  readonly bytes?: Buffer;
  /** The content type of `text` or `bytes`, where it is another. */
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The answer repeats an earlier one, so this request wrote nothing. */
  readonly replayed?: boolean;
}

/**
 * A handler is synchronous: it sees and changes the desk without anybody in between, so every write is atomic. That is
 * why the kit has a small route table of its own instead of a router of asynchronous middlewares. Only what changes nothing
 * and has to reach outside (a vendor's test call to a webhook) may take its time.
 */
export interface Route {
  readonly method: string;
  /** Segments; one that begins with a colon is a parameter. */
  readonly path: string;
  /** What the body is: JSON (the default), JSON or a multipart form, text of any kind, or bytes. */
  readonly reads?: 'json' | 'form' | 'text' | 'bytes';
  handle(call: Call): Reply | Promise<Reply>;
}

/** A refusal thrown from deep inside a validation; always before anything was changed. */
export class Refused extends Error {
  readonly reply: Reply;

  constructor(reply: Reply) {
    super(`refused with ${reply.status}`);
    this.name = 'Refused';
    this.reply = reply;
  }
}

/** Where a desk lives. */
export interface Premises {
  readonly clock: Clock;
  readonly deliveries: Deliveries;
  /** The desk's own base address, once it listens. */
  url(): string;
}

/** A webhook that is set up by hand. */
export interface HandMadeWebhook {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly secret: string | null;
}

/** Everything a desk holds, for `GET /__sandbox/state`. */
export interface Holdings {
  readonly tickets: readonly object[];
  readonly users: readonly object[];
  readonly webhooks: readonly object[];
}

export interface DeskModel {
  readonly service: string;
  readonly credentials: Readonly<Record<string, string>>;
  readonly human: Readonly<Record<string, string>>;
  /** What the settings of an account of this desk have to say in mesh.yaml, where its API does not tell it. */
  readonly accountSettings?: Json;
  readonly routes: readonly Route[];
  /** Switches of this desk with their present values, and the JSON Schema of each. The kit writes validated values into them. */
  readonly settings: Json;
  readonly settingsSchema: Readonly<Record<string, object>>;
  /** The path as the routes name it; for vendors that take several spellings. */
  normalise(path: string): string;
  /** Who calls, or why not: credentials, budgets and the headers a vendor insists on. */
  admit(call: Call): { readonly who: string } | { readonly refusal: Reply };
  /** Headers that every answer of this vendor bears. */
  stamp(call: Call): Readonly<Record<string, string>>;
  /** How this vendor words a failure that a fault asked for. */
  wording(status: number): Reply;
  /** No route has this path, or (`allowed` not empty) none with this method. */
  unrouted(call: Call, allowed: readonly string[]): Reply;
  badBody(why: 'json' | 'encoding' | 'size' | 'form'): Reply;
  holds(): Holdings;
  counts(): Readonly<Record<string, number>>;
  installWebhook(webhook: HandMadeWebhook): object;
  reset(): void;
}
