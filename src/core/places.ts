/** Places such as `{{ticket.subject}}` in a user's own texts: filled in by value, so nothing that is filled in can leave its text. Pure. */

const PLACE = /\{\{\s*([^{}]*?)\s*\}\}/g;
const ALONE = /^\{\{\s*([^{}]*?)\s*\}\}$/;
/** What an event has at its top. */
const ROOTS: readonly string[] = ['id', 'type', 'time', 'account', 'link', 'cause', 'private', 'ticket', 'changes', 'comment', 'reason'];
const PATH = /^[a-z_]+(?:\.[A-Za-z0-9_:-]+)*$/;

/** The names in all places of a text, in their order. */
export function placesIn(text: string): readonly string[] {
  return [...text.matchAll(PLACE)].map(([, place = '']) => place);
}

/** The name of the place that is all of a text; null if there is more to it, or no place. */
export function aloneIn(text: string): string | null {
  return ALONE.exec(text)?.[1] ?? null;
}

/** Why a place can never name anything, with what would be right; null if it can. */
export function wrongWithPlace(place: string): string | null {
  const [root = ''] = place.split('.');
  if (PATH.test(place) && ROOTS.includes(root)) return null;
  return `{{${place}}} names nothing: a place begins with one of ${ROOTS.join(', ')}, such as {{ticket.subject}}.`;
}

/** A text with its places filled in; what is not there is nothing. `write` makes words of what a place names. */
export function filledText(text: string, event: object, write: (value: unknown, place: string) => string = wordsOf): string {
  return text.replace(PLACE, (_, place: string) => write(valueAt(event, place), place));
}

/** A value with the places in its texts filled in. A place that stands alone keeps its value's type; what is not there is null. */
export function filled(value: unknown, event: object): unknown {
  if (typeof value === 'string') {
    const alone = aloneIn(value);
    return alone === null ? filledText(value, event) : (valueAt(event, alone) ?? null);
  }
  if (Array.isArray(value)) return value.map((part) => filled(part, event));
  if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, filled(part, event)]));
  return value;
}

export function wordsOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function valueAt(event: object, place: string): unknown {
  let found: unknown = event;
  for (const name of place.split('.')) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return undefined;
    found = Reflect.get(found, name);
  }
  return found;
}
