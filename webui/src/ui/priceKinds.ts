/** What can have a price: the fields of one, those that most models have first. */
export const MAIN_KINDS = ['input', 'output', 'cachedInput', 'cacheWrite', 'perCall'] as const;
export const TOKEN_KINDS = [
  'cacheWrite1hr',
  'reasoning',
  'audioInput',
  'cachedAudioInput',
  'audioOutput',
  'imageInput',
  'cachedImageInput',
  'imageOutput',
] as const;
export const UNIT_KINDS = ['perImage', 'perSecond', 'perCharacter'] as const;
export const PRICE_KINDS = [...MAIN_KINDS, ...TOKEN_KINDS, ...UNIT_KINDS] as const;
export type PriceKind = (typeof PRICE_KINDS)[number];

const NAMES: ReadonlySet<string> = new Set(PRICE_KINDS);

/** The kind that a part of a cost names, as the API writes it: cached_input. */
export function kindOf(name: string): PriceKind | undefined {
  const kind = name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  return NAMES.has(kind) ? (kind as PriceKind) : undefined;
}
