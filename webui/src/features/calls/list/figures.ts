import { toMs } from '@/api/duration';
import type { Call } from '@/gen/trunkline/admin/v1/call_pb';

export const tokensOf = (call: Call) => (call.usage?.inputTokens ?? 0n) + (call.usage?.outputTokens ?? 0n);

/** Output tokens a second, from the first token to the end; from the arrival when nothing tells when it came. */
export function tokensPerSecond(call: Call): number | undefined {
  const output = Number(call.usage?.outputTokens ?? 0n);
  const ms = toMs(call.duration) - (call.stream ? toMs(call.firstTokenLatency) : 0);
  return output > 0 && ms > 0 ? (output * 1000) / ms : undefined;
}

/** Share of the input tokens that came from the upstream's cache. */
export function cachedShare(call: Call): number | undefined {
  const input = Number(call.usage?.inputTokens ?? 0n);
  return input > 0 ? Number(call.usage?.cachedInputTokens ?? 0n) / input : undefined;
}
