import type { en } from './locales/en';

type Text = typeof en;
export type MessageKey = keyof Text;

/** Keys that end in _one and _other are forms of one plural message. */
type OneKey = Extract<MessageKey, `${string}_one`>;
export type PluralKey = OneKey extends `${infer Base}_one` ? Base : never;

/** What a language must say. Only English has a form of its own for one thing. */
export type Messages = Record<Exclude<MessageKey, OneKey>, string> & Partial<Record<OneKey, string>>;

/** Placeholders are read from the English text, so a missing or misspelt one does not compile. */
export type Placeholders<S extends string> = S extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Placeholders<Rest>
  : never;
export type Args<K extends MessageKey> = [Placeholders<Text[K]>] extends [never]
  ? []
  : [Record<Placeholders<Text[K]>, string | number>];

/** Keys without placeholders: the type for lookup tables such as the navigation. */
export type PlainKey = {
  [K in MessageKey]: [Placeholders<Text[K]>] extends [never] ? K : never;
}[MessageKey];
