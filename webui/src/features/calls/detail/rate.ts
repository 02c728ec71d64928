import { MAIN_KINDS, type PriceKind, TOKEN_KINDS } from '@/ui/priceKinds';

const PER_MILLION: ReadonlySet<PriceKind> = new Set<PriceKind>([
  ...MAIN_KINDS.filter((kind) => kind !== 'perCall'),
  ...TOKEN_KINDS,
  'perCharacter',
]);

/**
 * The price at which a part of a cost was charged, in the unit of that price; undefined: nothing was used. Quantities are
 * tokens, characters, images, calls, or milliseconds of audio.
 */
export function rateOf(kind: PriceKind, quantity: bigint, cost: string): string | undefined {
  if (quantity <= 0n) return undefined;
  const unit = PER_MILLION.has(kind) ? 1e6 : kind === 'perSecond' ? 1000 : 1;
  return String(Number(((Number(cost) / Number(quantity)) * unit).toFixed(6)));
}
