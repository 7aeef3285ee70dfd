/** The desk's own objects, for those who ask for them. */
import type { Call, Parameter } from './route.ts';

export const RAW_HEADER: Readonly<Record<string, Parameter>> = {
  'X-Kloudless-Raw-Data': { about: '`true` adds the desk’s own object as `raw`.', schema: { type: 'string', pattern: '^([Tt]rue|[Ff]alse)$' } },
};

export function rawAsked(call: Call): boolean {
  return call.header('x-kloudless-raw-data')?.toLowerCase() === 'true';
}
