/** How a person sets up the URL target that tells Deskmesh of changes: no API of this age makes targets or triggers. */
import type { Account, Hook } from '../../ports/connector.ts';
import { settingsOf } from './settings.ts';

/** `registered` where the account says with which user name and password the target comes. */
export function hookOf(account: Account, url: string): Hook {
  const { webhook_user: user } = settingsOf(account.settings);
  const { webhook_secret: password } = account.credentials;
  if (user === undefined || password === undefined) return { status: 'manual', steps: steps(url) };
  return { status: 'registered', secrets: [basic(user, password)] };
}

/** What the target sends in `Authorization`. */
export function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

function steps(url: string): readonly string[] {
  return [
    'In Zendesk: Settings → Extensions → Targets → add target → URL target, named for instance “Deskmesh”.',
    `URL: ${url} · method POST · attribute name: message.`,
    'Test the target, then create it.',
    'Make a trigger “Deskmesh: created”: condition “Ticket is… Created”; action “Notifications: Notify target” → Deskmesh; message: {{ticket.id}} created {{ticket.updated_at_with_timestamp}}',
    'Make a trigger “Deskmesh: updated”: condition “Ticket is… Updated”; the same action; message: {{ticket.id}} updated {{ticket.updated_at_with_timestamp}}',
    'Both triggers must meet every ticket, and come last in the list. Triggers do not run when a ticket is deleted: deletions are seen when a look comes round.',
    'The URL is secret. For a second proof give the target a user name and a password, and set them here as webhook_user among the settings and webhook_secret among the credentials.',
    'Zendesk switched URL targets off on 2024-10-28: where they are gone, a webhook that is connected to the same triggers can send the same message to the same URL as JSON, for instance {"ticket_id":"{{ticket.id}}","event":"updated"}.',
  ];
}
