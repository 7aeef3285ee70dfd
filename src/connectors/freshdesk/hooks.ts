/** How a person sets up the automation rules that tell Deskmesh of changes. The codes of the rules' API are not certain enough to make them (?). */
import type { Hook } from '../../ports/connector.ts';

export function manualHook(url: string, header: string | undefined): Hook {
  const secret =
    header === undefined
      ? 'The URL holds a secret: keep it to yourself.'
      : `Add a custom header named ${header} whose value is the secret that Deskmesh knows for this account’s webhooks.`;
  return {
    status: 'manual',
    steps: [
      'In Freshdesk: Admin → Workflows → Automations → Ticket Updates → New rule, named for instance “Deskmesh”.',
      'When an action is performed by: Agent or Requester. Involves any of these events: Ticket is created, updated, deleted or marked as spam; note is added; reply is sent; status, priority, type, tags, agent or due date is changed.',
      'On tickets with these properties: none, so that the rule meets every ticket.',
      `Action: Trigger Webhook · request type POST · URL ${url} · encoding JSON · content: Advanced.`,
      'Content: {"ticket_id":"{{ticket.id}}","event":"{{triggered_event}}"}',
      secret,
      'Make the same rule under Ticket Creation.',
    ],
  };
}
