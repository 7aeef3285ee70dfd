/** The configuration file mesh.yaml: its schema, and what it says once it was read and found right. */
import { readFileSync } from 'node:fs';
import type { Automation } from '../core/automation.ts';
import type { LensTerms } from '../core/lens.ts';
import type { JsonSchema } from '../ports/connector.ts';
import type { Mirror } from '../ports/store.ts';
import type { SubscriptionDraft } from '../ports/subscriptions.ts';

export interface Mesh {
  readonly accounts: readonly MeshAccount[];
  readonly mirrors: readonly MeshMirror[];
  readonly automations: readonly Automation[];
  readonly subscriptions?: readonly MeshSubscription[];
}

/** A subscription as the file has it: its accounts by name. Its secret and token are in the clear: never log it. */
export interface MeshSubscription extends Omit<SubscriptionDraft, 'accounts'> {
  readonly name: string;
  readonly accounts: readonly string[] | null;
}

/** An account as the file has it. Its credentials are in the clear: never log it. */
export interface MeshAccount {
  readonly name: string;
  readonly service: string;
  /** Scheme and host, without a trailing slash. */
  readonly url: string;
  readonly credentials: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, unknown>>;
}

export interface MeshMirror {
  readonly name: string;
  /** The ways that changes go, by the accounts' names: every ordered pair of `accounts`, or `from` to each of `to`. */
  readonly ways: Mirror['edges'];
  /** What is special about each account's words and ids, by the account's name. */
  readonly lenses: Readonly<Record<string, LensTerms>>;
}

let schema: JsonSchema | null = null;

/** `schemas/mesh.json`, read on the first call. */
export function meshSchema(): JsonSchema {
  schema ??= JSON.parse(readFileSync(new URL('../../schemas/mesh.json', import.meta.url), 'utf8')) as JsonSchema;
  return schema;
}
