/** The schemas of what subscribers are told, `schemas/events/*.json`, by type of event; each has an example. */
import { readFileSync } from 'node:fs';
import { ALL_EVENT_TYPES, type MeshEvent, type MeshEventType } from '../core/mesh-event.ts';
import type { JsonSchema } from '../ports/connector.ts';

const FOLDER = new URL('../../schemas/events/', import.meta.url);
const read = new Map<MeshEventType, JsonSchema>();

/** Read on the first call. */
export function eventSchema(type: MeshEventType): JsonSchema {
  const known = read.get(type) ?? (JSON.parse(readFileSync(new URL(`${type}.json`, FOLDER), 'utf8')) as JsonSchema);
  read.set(type, known);
  return known;
}

/** An event of this type as it might be. */
export function eventExample(type: MeshEventType): MeshEvent {
  const [example] = eventSchema(type)['examples'] as MeshEvent[];
  if (example === undefined) throw new Error(`schemas/events/${type}.json has no example.`);
  return example;
}

export const eventTypes = ALL_EVENT_TYPES;
