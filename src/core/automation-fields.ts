/** What automations give for fields: which values there can be, what is wrong with one, and what it comes to for an event. Pure. */
import { FIELD_NAMES, type LinkField, type Person } from './model.ts';
import { aloneIn, filled, filledText, placesIn, wordsOf } from './places.ts';
import { wrongWithNamed } from './automation-places.ts';
import { escape } from './render.ts';

type Kind = 'text' | 'html' | 'word' | 'tags' | 'time' | 'person' | 'custom';

const KINDS: Readonly<Record<string, Kind>> = {
  subject: 'text', description: 'html', status: 'word', priority: 'word', ticket_type: 'text', tags: 'tags', due_at: 'time', requester: 'person', assignee: 'person', group: 'text',
};
const WORDS: Readonly<Record<string, readonly string[]>> = {
  status: ['open', 'pending', 'resolved', 'closed'],
  priority: ['low', 'normal', 'high', 'urgent'],
};
/** Fields that every ticket has, as far as automations can write them. */
export const AUTOMATION_FIELDS: readonly string[] = [...FIELD_NAMES, 'group'];
/** Fields that can be emptied. */
const EMPTIABLE: readonly string[] = ['due_at', 'assignee', 'priority', 'ticket_type'];

/** Places of one text, and its length; with a place for each of them what is written stays within reason. */
const MOST_PLACES = 20;
const LONGEST = 16_384;
const MOST_TAGS = 50;

/** Places that hold HTML; all others hold plain words. */
const HTML_PLACE = /^(?:ticket\.description|comment\.content|changes\.(?:description|content)\.(?:from|to))$/;

function kindOf(field: LinkField): Kind {
  return KINDS[field] ?? 'custom';
}

export interface Wrong {
  /** From the given value on. */
  readonly path: readonly (string | number)[];
  readonly message: string;
}

const wrong = (message: string, path: Wrong['path'] = []): readonly Wrong[] => [{ path, message }];

/** What is wrong with a value that is given for a field; `types` are the events that may fill it. */
export function wrongWithField(field: LinkField, given: unknown, use: 'create' | 'update', types: readonly string[]): readonly Wrong[] {
  if (given === null) {
    if (use === 'update' && (EMPTIABLE.includes(field) || kindOf(field) === 'custom')) return [];
    return wrong(use === 'create' ? 'Nothing stands after the colon: leave the field out, or give a value.' : 'This field cannot be emptied: give a value.');
  }
  switch (kindOf(field)) {
    case 'text':
      return wrongWithText(given, types, 'plain');
    case 'html':
      return wrongWithText(given, types, 'html');
    case 'word':
      return wrongWithWord(field, given, types);
    case 'time':
      return wrongWithTime(given, types);
    case 'person':
      return wrongWithPerson(given, types);
    case 'tags':
      return use === 'create' ? wrongWithTags(given, types) : wrongWithTagChanges(given, types);
    case 'custom':
      return wrongWithCustom(given, types);
  }
}

/** What is wrong with a text and its places. HTML may stand in HTML only, and within a tag nothing but plain words. */
export function wrongWithText(given: unknown, types: readonly string[], form: 'plain' | 'html'): readonly Wrong[] {
  if (typeof given === 'number' || typeof given === 'boolean') return wrong(`This must be a text, not ${shown(given)}. Put it in quotes.`);
  if (typeof given !== 'string') return wrong('This must be a text. One with places stands in quotes.');
  if (given.trim() === '') return wrong('This must not be empty.');
  if (given.length > LONGEST) return wrong(`This must have at most ${LONGEST} characters.`);
  const places = placesIn(given);
  if (places.length > MOST_PLACES) return wrong(`This must have at most ${MOST_PLACES} places.`);
  return places.flatMap((place) => {
    const lost = wrongWithNamed(place, types);
    if (lost !== null) return wrong(lost);
    if (!HTML_PLACE.test(place)) return [];
    if (form === 'plain') return wrong(`{{${place}}} is HTML, and this is plain text.`);
    return withinTag(given, place) ? wrong(`{{${place}}} is HTML, which cannot stand within a tag.`) : [];
  });
}

/** Whether a place stands where a tag of the text is still open. */
function withinTag(text: string, place: string): boolean {
  return text.split('{{').some((_, at, parts) => {
    const before = parts.slice(0, at).join('{{');
    return at > 0 && parts[at]?.trimStart().startsWith(place) === true && before.lastIndexOf('<') > before.lastIndexOf('>');
  });
}

function wrongWithWord(field: LinkField, given: unknown, types: readonly string[]): readonly Wrong[] {
  const words = WORDS[field] ?? [];
  if (typeof given === 'string' && aloneIn(given) !== null) return wrongWithText(given, types, 'plain');
  return words.includes(String(given)) ? [] : wrong(`This must be one of ${words.join(', ')}, or a place such as {{ticket.${field}}}.`);
}

function wrongWithTime(given: unknown, types: readonly string[]): readonly Wrong[] {
  if (typeof given === 'string' && aloneIn(given) !== null) return wrongWithText(given, types, 'plain');
  return timeIn(given) === null ? wrong('This must be a time in ISO 8601, such as 2026-01-31T08:00:00Z, or a place such as {{ticket.due_at}}.') : [];
}

function wrongWithPerson(given: unknown, types: readonly string[]): readonly Wrong[] {
  const sentence = 'This must be an e-mail address, {email, name}, or a place such as {{ticket.requester}}.';
  if (typeof given === 'string') {
    const lost = wrongWithText(given, types, 'plain');
    return lost.length > 0 || placesIn(given).length > 0 || isAddress(given) ? lost : wrong(sentence);
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return wrong(sentence);
  const { email, name, ...rest } = given as Record<string, unknown>;
  const [surplus] = Object.keys(rest);
  if (surplus !== undefined) return wrong('This is not known here: a person is {email, name}.', [surplus]);
  if (typeof email !== 'string' || (placesIn(email).length === 0 && !isAddress(email))) return wrong('This must be an e-mail address.', ['email']);
  const parts = [['email', email], ...(name === undefined ? [] : [['name', name]])] as const;
  return parts.flatMap(([part, text]) => wrongWithText(text, types, 'plain').map(({ message }) => ({ path: [part as string], message })));
}

function wrongWithTags(given: unknown, types: readonly string[]): readonly Wrong[] {
  if (typeof given === 'string' && aloneIn(given) !== null) return wrongWithText(given, types, 'plain');
  if (!Array.isArray(given)) return wrong('This must be a list of tags, or a place such as {{ticket.tags}}.');
  if (given.length > MOST_TAGS) return wrong(`This list must have at most ${MOST_TAGS} tags.`);
  return given.flatMap((tag: unknown, at) => wrongWithText(tag, types, 'plain').map(({ message }) => ({ path: [at], message })));
}

function wrongWithTagChanges(given: unknown, types: readonly string[]): readonly Wrong[] {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return wrong('This must be {add: [...], remove: [...]}: the tags that the ticket has stay.');
  const parts = Object.entries(given);
  if (parts.length === 0) return wrong('This must have add or remove.');
  return parts.flatMap(([part, tags]) => {
    if (part !== 'add' && part !== 'remove') return wrong('This is not known here: tags have add and remove.', [part]);
    return wrongWithTags(tags, types).map(({ path, message }) => ({ path: [part, ...path], message }));
  });
}

function wrongWithCustom(given: unknown, types: readonly string[]): readonly Wrong[] {
  if (typeof given === 'number' || typeof given === 'boolean') return [];
  if (typeof given === 'string') return given === '' ? wrong('This must not be empty.') : wrongWithText(given, types, aloneIn(given) === null ? 'plain' : 'html');
  if (!Array.isArray(given)) return wrong('This must be a text, a number, true, false or a list of texts.');
  return given.flatMap((part: unknown, at) => wrongWithText(part, types, 'plain').map(({ message }) => ({ path: [at], message })));
}

/** What comes of a value for an event: the value for the link, or why there is none. */
export type FieldValue = { readonly value: unknown } | { readonly why: string };

/** Of a value in which `wrongWithField` found nothing. Tags of an update are not made here. */
export function fieldValue(field: LinkField, given: unknown, event: object): FieldValue {
  if (given === null) return { value: null };
  switch (kindOf(field)) {
    case 'text':
      return some(filledText(String(given), event, told).replace(/\s+/g, ' ').trim());
    case 'html':
      return some(filledHtml(String(given), event));
    case 'word': {
      const word = filled(given, event);
      return WORDS[field]?.includes(String(word)) === true ? { value: word } : { why: word === null ? EMPTY : `${shown(word)} is no ${field}` };
    }
    case 'time': {
      const time = filled(given, event);
      const iso = timeIn(time);
      return iso === null ? { why: time === null ? EMPTY : `${shown(time)} is no time` } : { value: iso };
    }
    case 'person':
      return personOf(filled(given, event));
    case 'tags':
      return { value: tagsOf(given, event) };
    case 'custom': {
      const value = filled(given, event);
      return value === null ? { why: EMPTY } : { value };
    }
  }
}

const EMPTY = 'what it is made of is empty for this event';

function some(text: string): FieldValue {
  return text === '' ? { why: EMPTY } : { value: text };
}

/** Plain words are escaped, so that they are words in it whatever they hold; only what is HTML already stands as it is. */
export function filledHtml(text: string, event: object): string {
  return filledText(text, event, (value, place) => (HTML_PLACE.test(place) ? wordsOf(value) : escape(told(value)))).trim();
}

/** What a place holds, in words: of a person the name, of several things all. */
function told(value: unknown): string {
  if (Array.isArray(value)) return value.map(told).join(', ');
  if (typeof value !== 'object' || value === null) return wordsOf(value);
  const { name, email } = value as Partial<Person>;
  return name ?? email ?? wordsOf(value);
}

/** Each once; what comes out empty is none. */
export function tagsOf(given: unknown, event: object): readonly string[] {
  const parts: readonly unknown[] = [filled(given, event)].flat(2);
  return [...new Set(parts.filter((part) => part !== null).map((part) => wordsOf(part).trim()))].filter((tag) => tag !== '');
}

/** Somebody as every desk can know them. */
function personOf(given: unknown): FieldValue {
  if (given === null || given === '') return { why: EMPTY };
  const { email, name = null } = typeof given === 'string' ? { email: given } : (given as Partial<Person>);
  if (typeof email !== 'string' || !isAddress(email)) return { why: `${shown(given)} has no e-mail address, so no other desk can know them` };
  return { value: { user_id: null, email, name: name === '' ? null : name } };
}

function isAddress(text: string): boolean {
  return /^[^\s@]+@[^\s@]+$/.test(text);
}

const ISO = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/;

/** In UTC with seconds, as everywhere. */
function timeIn(value: unknown): string | null {
  if (typeof value !== 'string' || !ISO.test(value)) return null;
  const time = Date.parse(value);
  return Number.isNaN(time) ? null : new Date(time).toISOString().replace(/\.\d+Z$/, 'Z');
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
