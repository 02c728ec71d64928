import { makeFormat } from './format';
import { type Lang, TAGS } from './languages';
import type { Args, MessageKey, Messages, PluralKey } from './messages';

/** Everything one language needs: texts, plurals and formatters. */
export function makeI18n(lang: Lang, messages: Messages) {
  const format = makeFormat(lang);
  const rules = new Intl.PluralRules(TAGS[lang]);
  const fill = (text: string, params: Record<string, string | number> | undefined) =>
    params ? text.replace(/\{(\w+)\}/g, (hole, name: string) => String(params[name] ?? hole)) : text;

  return {
    lang,
    ...format,
    /** The text of a key, its placeholders filled in. */
    t: <K extends MessageKey>(key: K, ...args: Args<K>): string =>
      fill(messages[key as keyof Messages] ?? '', args[0] as Record<string, string | number> | undefined),
    /** "1 member", "3 members": the form that the language's own rules pick for n. */
    count: (key: PluralKey, n: number): string => {
      const form = messages[`${key}_${rules.select(n)}` as keyof Messages] ?? messages[`${key}_other`];
      return fill(form, { n: format.int(n) });
    },
  };
}

export type I18n = ReturnType<typeof makeI18n>;
