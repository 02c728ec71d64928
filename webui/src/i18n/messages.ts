import type { en } from './locales/en';

type Text = typeof en;
export type MessageKey = keyof Text;

/** Keys that end in _one and _other are forms of one plural message. */
type OneKey<T> = Extract<keyof T, `${string}_one`>;
export type PluralKey = OneKey<Text> extends `${infer Base}_one` ? Base : never;

/** What a language must say for the English texts T. Only English has a form of its own for one thing. */
export type Texts<T> = Record<Exclude<keyof T, OneKey<T>>, string> & Partial<Record<OneKey<T>, string>>;
export type Messages = Texts<Text>;

/** Placeholders are read from the English text, so a missing or misspelt one does not compile. */
export type Placeholders<S extends string> = S extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Placeholders<Rest>
  : never;
type Filled<Names extends string, Value> = [Names] extends [never] ? [] : [Record<Names, Value>];
export type Args<K extends MessageKey, Value = string | number> = Filled<Placeholders<Text[K]>, Value>;
/** What a plural message needs beside the number itself. */
export type PluralArgs<K extends PluralKey> = Filled<Exclude<Placeholders<Text[`${K}_other`]>, 'n'>, string | number>;

/** Keys without placeholders: the type for lookup tables such as the navigation. */
export type PlainKey = {
  [K in MessageKey]: [Placeholders<Text[K]>] extends [never] ? K : never;
}[MessageKey];
