/** Made-up tickets for the property tests: every field may be absent, null, empty or odd. */
import fc from 'fast-check';
import type { Person, TicketFields } from '../../../src/core/model.ts';
import { escapeHtml } from '../../../src/connectors/kit/html.ts';

const word = fc.oneof(
  fc.constantFrom('Hello', 'naïve', '日本', '😀', 'a&b', '<tag>', '"quoted"', "it's", '{{ticket.id}}', '\\{{x}}', ']]>', '-', '* star', 'x  y', 'שלום', '\u00a0'),
  fc.string({ unit: 'grapheme', maxLength: 8 }),
);
const line = fc.array(word, { maxLength: 5 }).map((words) => words.join(' '));
const html = fc.array(line, { maxLength: 4 }).map((lines) => lines.map((text) => `<p>${escapeHtml(text)}</p>`).join(''));
const tag = fc.oneof(fc.constantFrom('vip', 'Two Words', 'dm-abcdefghij234567', '', ' padded ', 'x'.repeat(40)), fc.string({ maxLength: 10 }));

export const AGENTS: Readonly<Record<string, string>> = { 'ann@desk.example': '11', 'ben@desk.example': '12' };
const person: fc.Arbitrary<Person> = fc.record({
  user_id: fc.constantFrom(null, '99'),
  email: fc.constantFrom(null, '', 'ann@desk.example', 'Ben@Desk.example', 'no mail', 'carla@customer.example'),
  name: fc.constantFrom(null, '', 'Some Body'),
});

export const anyFields: fc.Arbitrary<TicketFields> = fc.record(
  {
    subject: fc.oneof(fc.constant(null), line),
    description: fc.oneof(fc.constant(null), fc.constant(''), html),
    status: fc.constantFrom(null, 'open', 'pending', 'resolved', 'closed'),
    priority: fc.constantFrom(null, 'low', 'normal', 'high', 'urgent'),
    ticket_type: fc.constantFrom(null, 'question', 'incident', 'problem', 'task', 'Feature Request', 'no-such', 'QUESTION'),
    tags: fc.array(tag, { maxLength: 5 }),
    due_at: fc.constantFrom(null, '2026-01-31T08:00:00Z', '2026-01-31T09:00:00.123+01:00', 'not a time'),
    requester: fc.oneof(fc.constant(null), person),
    assignee: fc.oneof(fc.constant(null), person),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<TicketFields>;

/** As the loop compares: people by e-mail without case, sets without order. */
export function comparable(fields: TicketFields, names: readonly string[]): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const name of names) {
    const value: unknown = Reflect.get(fields, name);
    if (name === 'tags' && Array.isArray(value)) out[name] = [...value].sort();
    else if ((name === 'requester' || name === 'assignee') && typeof value === 'object' && value !== null) {
      out[name] = String(Reflect.get(value, 'email')).toLowerCase();
    } else out[name] = value;
  }
  return out;
}
