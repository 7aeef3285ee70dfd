/**
 * What Zendesk left out of a write without an error: keys that it does not know are told in a header, values that a field does
 * not take (an unknown option of a dropdown, somebody copied where CCs are switched off) are told by nothing but the answer.
 */
import type { Warning } from '../../core/model.ts';
import { readCustom } from './custom.ts';
import type { Lore } from './lore.ts';
import type { ZendeskTicket } from './shapes.ts';

const UNIFIED: Readonly<Record<string, string>> = {
  type: 'ticket_type', status: 'status', custom_status_id: 'status', assignee_id: 'assignee', requester_id: 'requester', submitter_id: 'submitter', group_id: 'group',
  organization_id: 'company', custom_fields: 'custom_properties', comment: 'description',
};

/** `header` is `X-Zendesk-API-Warn`, or empty; `sent` is the ticket of the write, `shown` that of the answer. */
export function shortfalls(header: string, sent: Readonly<Record<string, unknown>>, shown: ZendeskTicket, lore: Lore): readonly Warning[] {
  const warnings: Warning[] = [...header.matchAll(/"ticket\.([a-z_]{1,40})"/g)].map(([, key = '']) => ({
    field: Object.hasOwn(UNIFIED, key) ? (UNIFIED[key] ?? key) : key,
    reason: 'Zendesk did not accept this key',
  }));
  for (const key of ['group_id', 'organization_id'] as const) {
    const given = sent[key];
    if (given !== undefined && given !== null && shown[key] !== undefined && String(shown[key]) !== String(given)) {
      warnings.push({ field: UNIFIED[key] ?? key, reason: 'Zendesk kept another value' });
    }
  }
  for (const [key, ids] of [['email_ccs', shown.email_cc_ids], ['followers', shown.follower_ids]] as const) {
    if (puts(sent[key]) && ids?.length === 0) warnings.push({ field: key, reason: 'Zendesk took nobody: CCs and followers may be switched off' });
  }
  for (const { id, value } of listed(sent.custom_fields)) {
    const found = shown.custom_fields?.find((one) => String(one.id) === String(id));
    if (shown.custom_fields == null) break;
    const field = lore.field(String(id)) ?? undefined;
    if (found === undefined || !alike(readCustom(field, found.value), value)) {
      warnings.push({ field: 'custom_properties', reason: `${String(id)}: Zendesk did not keep this value` });
    }
  }
  return warnings;
}

function listed(value: unknown): readonly { readonly id: unknown; readonly value: unknown }[] {
  return Array.isArray(value) ? (value as readonly { readonly id: unknown; readonly value: unknown }[]) : [];
}

function puts(value: unknown): boolean {
  return listed(value).some((one) => Reflect.get(one, 'action') === 'put');
}

/** Empty is empty, and numbers may come back as their digits. */
function alike(a: unknown, b: unknown): boolean {
  const plain = (value: unknown): string => {
    if (value === null || value === undefined || value === '' || value === false) return '';
    return Array.isArray(value) ? [...value].map(String).sort().join('\n') : String(value);
  };
  return plain(a) === plain(b);
}
