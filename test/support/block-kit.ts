/**
 * What Slack takes, as a JSON Schema of its documented limits: https://docs.slack.dev/reference/block-kit/blocks (header, section, context),
 * https://docs.slack.dev/reference/block-kit/composition-objects/text-object and
 * https://docs.slack.dev/reference/methods/chat.postMessage. Blocks that we never send are not in it: they do not fit.
 */
const text = (type: string, maxLength: number): object => ({
  type: 'object', additionalProperties: false, required: ['type', 'text'], properties: { type: { const: type }, text: { type: 'string', minLength: 1, maxLength } },
});
const blocks = {
  type: 'array', minItems: 1, maxItems: 50,
  items: {
    oneOf: [
      { type: 'object', additionalProperties: false, required: ['type', 'text'], properties: { type: { const: 'header' }, text: text('plain_text', 150) } },
      {
        type: 'object', additionalProperties: false, required: ['type'], anyOf: [{ required: ['text'] }, { required: ['fields'] }],
        properties: { type: { const: 'section' }, text: text('mrkdwn', 3_000), fields: { type: 'array', minItems: 1, maxItems: 10, items: text('mrkdwn', 2_000) } },
      },
      { type: 'object', additionalProperties: false, required: ['type', 'elements'], properties: { type: { const: 'context' }, elements: { type: 'array', minItems: 1, maxItems: 10, items: text('mrkdwn', 2_000) } } },
    ],
  },
};

/** The body of a message to an incoming webhook. */
export const WEBHOOK_MESSAGE = { type: 'object', additionalProperties: false, required: ['text', 'blocks'], properties: { text: { type: 'string', minLength: 1, maxLength: 40_000 }, blocks } };

/** The arguments of chat.postMessage that we use. */
export const BOT_MESSAGE = {
  ...WEBHOOK_MESSAGE, required: ['channel', 'text', 'blocks'],
  properties: { ...WEBHOOK_MESSAGE.properties, channel: { type: 'string', minLength: 1 }, thread_ts: { type: 'string', pattern: '^\\d+\\.\\d{6}$' }, unfurl_links: { type: 'boolean' } },
};

/** Everything in `<…>` of the message's texts: links and commands. */
export function commandsIn(body: string): readonly string[] {
  const found: string[] = [];
  JSON.parse(body, (_key, value: unknown) => {
    if (typeof value === 'object' && value !== null && 'type' in value && value.type === 'mrkdwn' && 'text' in value) found.push(...(String(value.text).match(/<[^>]*>?/g) ?? []));
    return value;
  });
  return found;
}
