import { useQuery } from '@connectrpc/connect-query';
import { toMs } from '@/api/duration';
import type { Call } from '@/gen/trunkline/admin/v1/call_pb';
import { ProviderService } from '@/gen/trunkline/admin/v1/provider_pb';
import { useI18n } from '@/i18n';
import { Facts } from '@/ui/Page';
import { isPriced, PriceText } from '@/ui/Price';
import { kindOf, type PriceKind, UNIT_KINDS } from '@/ui/priceKinds';
import { cachedShare, tokensPerSecond } from '../list/figures';
import { rateOf } from './rate';

/** Times, tokens, and what was paid at which prices. */
export function Cost({ call }: { call: Call }) {
  const { t, int, usd, duration, decimal, percent } = useI18n();
  const parts = partsOf(call);
  const charged = ({ kind, quantity, cost }: Part) => {
    const n = kind === 'perSecond' ? duration(Number(quantity)) : int(quantity);
    const rate = rateOf(kind, quantity, cost);
    if (rate === undefined) return n;
    const unit = isUnit(kind) ? (`price.${kind}` as const) : 'price.perMillion';
    return t('calls.call.atPrice', { n, price: t(unit, { price: usd(rate) }) });
  };
  const { usage } = call;
  const took = (d: Call['duration']) => (d ? duration(toMs(d)) : '–');
  const speed = tokensPerSecond(call);
  const cached = cachedShare(call);
  return (
    <Facts
      rows={[
        { name: t('calls.firstToken'), value: took(call.firstTokenLatency) },
        { name: t('calls.duration'), value: took(call.duration) },
        { name: t('calls.call.overhead'), value: took(call.overhead) },
        {
          name: t('calls.call.inputTokens'),
          value: int(usage?.inputTokens ?? 0n),
          note:
            usage &&
            usage.cachedInputTokens > 0n &&
            t('calls.call.cachedTokens', { n: int(usage.cachedInputTokens), share: percent(cached ?? 0) }),
        },
        ...(usage && usage.cacheWriteTokens > 0n
          ? [{ name: t('calls.call.cacheWrite'), value: int(usage.cacheWriteTokens) }]
          : []),
        {
          name: t('calls.call.outputTokens'),
          value: int(usage?.outputTokens ?? 0n),
          note: usage?.source === 'estimated' && t('calls.call.estimated'),
        },
        ...(speed === undefined
          ? []
          : [
              {
                name: t('calls.speed'),
                value: decimal(speed, speed < 10 ? 1 : 0),
                note: t(call.stream ? 'calls.speedAfterFirst' : 'calls.speedOverall'),
              },
            ]),
        ...(usage?.serviceTier ? [{ name: t('calls.call.serviceTier'), value: usage.serviceTier }] : []),
        {
          name: t('calls.cost'),
          value: usd(call.cost),
          note: parts.length === 0 && call.attempts.length === 1 && call.attempts[0] && (
            <PriceOf provider={call.attempts[0].provider} model={call.attempts[0].model} />
          ),
        },
        ...call.attempts
          .map((attempt, i) => ({ attempt, n: i + 1 }))
          .filter(({ attempt }) => call.attempts.length > 1 && Number(attempt.cost) > 0)
          .map(({ attempt, n }) => ({
            name: t('calls.call.costOf', { n: int(n), provider: attempt.provider }),
            value: usd(attempt.cost),
            note: <PriceOf provider={attempt.provider} model={attempt.model} />,
          })),
        ...parts.map((part) => ({
          name: t('calls.call.part', { what: t(`price.kind.${part.kind}`) }),
          value: usd(part.cost),
          note: charged(part),
        })),
      ]}
    />
  );
}

type Part = { kind: PriceKind; quantity: bigint; cost: string };

/** What the answer's cost is made of, at the prices of its time. */
function partsOf(call: Call): Part[] {
  return (call.attempts.at(-1)?.costParts ?? []).flatMap(({ kind, quantity, cost }) => {
    const known = kindOf(kind);
    return known ? [{ kind: known, quantity, cost }] : [];
  });
}

const UNITS = ['perCall', ...UNIT_KINDS] as const;
const isUnit = (kind: PriceKind): kind is (typeof UNITS)[number] => (UNITS as readonly PriceKind[]).includes(kind);

/** The price of today: a call keeps what it cost, not the prices of its day. */
function PriceOf({ provider, model }: { provider: string; model: string }) {
  const { rich } = useI18n();
  const { data } = useQuery(ProviderService.method.getProvider, { name: provider });
  const found = data?.provider?.models.find((m) => m.id === model || m.alias === model);
  if (!found) return null;
  const price = <PriceText price={found.price} />;
  return isPriced(found.price) ? rich('calls.call.priceToday', { price }) : price;
}
