import { createElement, Fragment, type ReactNode } from 'react';
import { makeFormat } from './format';
import { type Lang, TAGS } from './languages';
import type { Args, MessageKey, Messages, PluralArgs, PluralKey } from './messages';

type Values = Record<string, string | number> | undefined;

/** Everything one language needs: texts, plurals and formatters. */
export function makeI18n(lang: Lang, messages: Messages) {
  const format = makeFormat(lang);
  const rules = new Intl.PluralRules(TAGS[lang]);
  const textOf = (key: MessageKey) => messages[key as keyof Messages] ?? '';
  const fill = (text: string, values: Values) =>
    values ? text.replace(/\{(\w+)\}/g, (hole, name: string) => String(values[name] ?? hole)) : text;

  /** Between two sentences: Chinese and Japanese leave no gap after a full stop. */
  const gap = lang === 'zh' || lang === 'ja' ? '' : ' ';

  return {
    lang,
    ...format,
    /** The text of a key, its placeholders filled in. */
    t: <K extends MessageKey>(key: K, ...args: Args<K>): string => fill(textOf(key), args[0] as Values),
    /** The same with elements in the placeholders: a link, a name in bold, a time that ticks. */
    rich: <K extends MessageKey>(key: K, ...args: Args<K, ReactNode>): ReactNode => {
      const values = args[0] as Record<string, ReactNode> | undefined;
      // Every second part is a placeholder's name.
      return textOf(key)
        .split(/\{(\w+)\}/)
        .map((part, i) => createElement(Fragment, { key: i }, i % 2 === 0 ? part : values?.[part]));
    },
    /** Sentences one after the other, as the language sets them; what is false or empty is left out. */
    sentences: (...all: ReactNode[]): ReactNode =>
      all.filter(Boolean).map((one, i) => createElement(Fragment, { key: i }, i > 0 && gap, one)),
    /** "1 member", "3 members": the form that the language's own rules pick for n. */
    count: <K extends PluralKey>(key: K, n: number, ...args: PluralArgs<K>): string => {
      const form =
        messages[`${key}_${rules.select(n)}` as keyof Messages] ?? messages[`${key}_other` as keyof Messages];
      return fill(form ?? '', { ...(args[0] as Values), n: format.int(n) });
    },
  };
}

export type I18n = ReturnType<typeof makeI18n>;
