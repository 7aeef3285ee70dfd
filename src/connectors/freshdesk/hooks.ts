/** How a person sets up the automation rules that tell Deskmesh of changes. The codes of the rules' API are not certain enough to make them (?). */
import type { Hook } from '../../ports/connector.ts';

export function manualHook(url: string): Hook {
  return {
    status: 'manual',
    steps: [
      'In Freshdesk: Admin → Workflows → Automations → Ticket Updates → New rule, named for instance “Deskmesh”.',
      'When an action is performed by: Agent or Requester. Involves any of these events: ticket is updated, deleted or marked as spam; note is added; reply is sent; status, priority, type, group, agent or due date is changed.',
      'On tickets with these properties: none, so that the rule meets every ticket.',
      `Action: Trigger Webhook · request type POST · URL ${url} · encoding JSON · content: Advanced.`,
      'Content, exactly so and with nothing of the ticket’s texts in it, since their quotes would break it: {"ticket_id":"{{ticket.id}}","event":"{{triggered_event}}"}',
      'Make a rule with the same action under Ticket Creation, and move both to the end of their lists, so that they see what other rules have done.',
      'The URL is secret. For a second proof add a custom header to both rules, name it in this account’s setting webhook_header, and put its value among the credentials as webhook_secret.',
    ],
  };
}
