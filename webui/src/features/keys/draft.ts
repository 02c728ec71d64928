import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromMs, timestampMs } from '@bufbuild/protobuf/wkt';
import type { ApiKey, ApiKeySchema } from '@/gen/trunkline/admin/v1/key_pb';

/** An API key as the form has it: numbers are 0 or empty where nothing limits. */
export type Draft = {
  name: string;
  groups: string[];
  owner: string;
  tags: string[];
  enabled: boolean;
  /** As a date-time field writes it, in this browser's zone; empty: never. */
  expireTime: string;
  limits: { requestsPerMinute: number | string; tokensPerMinute: number | string; concurrency: number | string };
  budget: { amount: string; period: string };
  allowedIps: string[];
  requestOptions: boolean;
  debug: boolean;
  /** Only for a new key: one's own secret. */
  secret: string;
};

export const emptyDraft = (): Draft => ({
  name: '',
  groups: [],
  owner: '',
  tags: [],
  enabled: true,
  expireTime: '',
  limits: { requestsPerMinute: '', tokensPerMinute: '', concurrency: '' },
  budget: { amount: '', period: 'month' },
  allowedIps: [],
  requestOptions: false,
  debug: false,
  secret: '',
});

/** A time as a date-time field takes it, in this browser's zone. */
function localTime(ms: number): string {
  const shift = new Date(ms).getTimezoneOffset() * 60_000;
  return new Date(ms - shift).toISOString().slice(0, 16);
}

const orEmpty = (n: bigint | undefined) => (n ? Number(n) : '');

export const draftOf = (k: ApiKey): Draft => ({
  name: k.name,
  groups: [...k.groups],
  owner: k.owner,
  tags: [...k.tags],
  enabled: k.enabled ?? true,
  expireTime: k.expireTime ? localTime(timestampMs(k.expireTime)) : '',
  limits: {
    requestsPerMinute: orEmpty(k.limits?.requestsPerMinute),
    tokensPerMinute: orEmpty(k.limits?.tokensPerMinute),
    concurrency: orEmpty(k.limits?.concurrency),
  },
  budget: { amount: k.budget?.amount ?? '', period: k.budget?.period || 'month' },
  allowedIps: [...k.allowedIps],
  requestOptions: k.requestOptions,
  debug: k.debug,
  secret: '',
});

const whole = (n: number | string) => BigInt(Math.trunc(Number(n) || 0));

/** The fields of the form that the API has; an untouched expiry keeps its seconds. */
export function messageOf(d: Draft, stored?: ApiKey): MessageInitShape<typeof ApiKeySchema> {
  const before = stored?.expireTime;
  const untouched = before !== undefined && localTime(timestampMs(before)) === d.expireTime;
  const limits = {
    requestsPerMinute: whole(d.limits.requestsPerMinute),
    tokensPerMinute: whole(d.limits.tokensPerMinute),
    concurrency: whole(d.limits.concurrency),
  };
  const isLimited = Object.values(limits).some((n) => n > 0n);
  return {
    name: d.name.trim(),
    etag: stored?.etag ?? '',
    groups: d.groups,
    owner: d.owner.trim(),
    tags: d.tags,
    enabled: d.enabled,
    expireTime: untouched ? before : d.expireTime ? timestampFromMs(new Date(d.expireTime).getTime()) : undefined,
    limits: isLimited ? limits : undefined,
    budget: d.budget.amount ? d.budget : undefined,
    allowedIps: d.allowedIps,
    requestOptions: d.requestOptions,
    debug: d.debug,
    secret: d.secret,
  };
}
