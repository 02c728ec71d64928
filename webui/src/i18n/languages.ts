/** The languages of the console, each under its own name. */
export const LANGS = { en: 'English', zh: '简体中文', ja: '日本語', ko: '한국어' } as const;
export type Lang = keyof typeof LANGS;

/** What goes into <html lang>, which also picks the font, and into Intl. */
export const TAGS: Record<Lang, string> = { en: 'en-US', zh: 'zh-CN', ja: 'ja-JP', ko: 'ko-KR' };

/** The first wanted language that the console speaks; English when it speaks none. */
export function pickLang(wanted: readonly string[]): Lang {
  for (const tag of wanted) {
    const base = tag.toLowerCase().split('-')[0] ?? '';
    if (Object.hasOwn(LANGS, base)) return base as Lang;
  }
  return 'en';
}
