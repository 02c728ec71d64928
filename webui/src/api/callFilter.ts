import type { MessageInitShape } from '@bufbuild/protobuf';
import { durationFromMs, timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { CallFilterSchema } from '@/gen/trunkline/admin/v1/filter_pb';

/** Which calls are meant, as the call logs' address says it: from and to in ms since 1970, minMs in ms, minCost in USD. */
export type CallSearch = {
  id?: string;
  group?: string;
  provider?: string;
  model?: string;
  key?: string;
  node?: string;
  outcome?: string;
  /** An attempt ended so; with a provider, one on it. */
  attemptOutcome?: string;
  /** X-Client-Request-Id or X-Request-Id of the client's. */
  clientRequestId?: string;
  /** W3C trace id: 32 hexadecimal digits in lower case. */
  traceId?: string;
  user?: string;
  /** A key, or key=value. */
  metadata?: string;
  status?: number;
  stream?: boolean;
  from?: number;
  to?: number;
  minMs?: number;
  minCost?: number;
  failed?: true;
  failedOver?: true;
};

/** The same as the control plane takes it. */
export function callFilter(search: CallSearch): MessageInitShape<typeof CallFilterSchema> {
  const { key, from, to, minMs, minCost, ...same } = search;
  return {
    ...same,
    apiKey: key,
    startTime: from === undefined ? undefined : timestampFromMs(from),
    endTime: to === undefined ? undefined : timestampFromMs(to),
    minDuration: minMs === undefined ? undefined : durationFromMs(minMs),
    minCost: minCost === undefined ? undefined : exact(minCost),
  };
}

/** A decimal without an exponent, with as many digits as the API takes. */
const exact = (dollars: number) => dollars.toFixed(12).replace(/\.?0+$/, '');
