/** The forms in which subscribers can be told. One line each. */
import type { Format } from '../ports/subscriber.ts';
import { kloudless } from './kloudless.ts';
import { slack } from './slack.ts';
import { standardWebhooks } from './standard-webhooks.ts';
import { template } from './template.ts';
import { zapier } from './zapier.ts';

export const formats: Readonly<Record<string, Format>> = Object.fromEntries([standardWebhooks, zapier, slack, kloudless, template].map((format) => [format.name, format]));
