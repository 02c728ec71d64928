import type { Lang } from './languages';
import { TAGS } from './languages';

const UNITS: readonly [string, number][] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
];

/**
 * The only place where numbers, money, times and durations become text. Everything is made
 * by Intl for the language, so that each language gets its own order and words.
 */
export function makeFormat(lang: Lang) {
  const tag = TAGS[lang];
  const number = (options?: Intl.NumberFormatOptions) => new Intl.NumberFormat(tag, options);
  const date = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(tag, options);

  const whole = number();
  const short = number({ notation: 'compact', maximumFractionDigits: 1 });
  const money = number({
    style: 'currency',
    currency: 'USD',
    currencyDisplay: 'narrowSymbol',
    minimumFractionDigits: 2,
    maximumFractionDigits: 6,
  });
  const relative = new Intl.RelativeTimeFormat(tag, { numeric: 'auto' });
  const collator = new Intl.Collator(tag, { numeric: true });
  const day = date({ dateStyle: 'medium' });
  const full = date({ dateStyle: 'medium', timeStyle: 'long' });
  const clock = date({ hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
  const dayClock = date({
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  });

  return {
    int: (value: number | bigint) => whole.format(value),
    /** 12,345 as 12.3K, or as 1.2万 where people count so. */
    compact: (value: number | bigint) => short.format(value),
    /** An exact decimal of dollars; digits beyond six are rounded. */
    usd: (decimal: string) => money.format(decimal === '' ? 0 : (decimal as Intl.StringNumericLiteral)),
    percent: (share: number, digits = 0) => number({ style: 'percent', maximumFractionDigits: digits }).format(share),
    /** A measured time, with the symbols that every language shares: 85 ms, 1.42 s, 3 min 5 s. */
    duration: (ms: number) => {
      if (ms < 10) return `${number({ maximumFractionDigits: ms < 1 ? 2 : 1 }).format(ms)} ms`;
      if (Math.round(ms) < 1000) return `${whole.format(Math.round(ms))} ms`;
      if (ms < 59_995) return `${number({ maximumFractionDigits: 2 }).format(ms / 1000)} s`;
      const seconds = Math.round(ms / 1000);
      return `${whole.format(Math.floor(seconds / 60))} min ${seconds % 60} s`;
    },
    /** A time that was set: 30 sec, 10 min, 1 hr: the largest unit that says it exactly. */
    setting: (ms: number) => {
      const [name, size] = UNITS.find(([, size]) => ms >= size && ms % size === 0) ?? ['millisecond', 1];
      return number({ style: 'unit', unit: name, unitDisplay: 'short' }).format(ms / size);
    },
    /** A countdown: 0:07, 12:34, 1:02:03. Rounds up, so that it never shows 0:00 too early. */
    countdown: (ms: number) => {
      const seconds = Math.max(0, Math.ceil(ms / 1000));
      const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
      const shown = parts[0] === 0 ? parts.slice(1) : parts;
      return shown.map((part, i) => (i === 0 ? String(part) : String(part).padStart(2, '0'))).join(':');
    },
    /** "3 minutes ago", "in 2 days". */
    relative: (ms: number, now: number) => {
      const seconds = (ms - now) / 1000;
      const size = Math.abs(seconds);
      if (size < 60) return relative.format(Math.round(seconds), 'second');
      if (size < 3600) return relative.format(Math.round(seconds / 60), 'minute');
      if (size < 86_400) return relative.format(Math.round(seconds / 3600), 'hour');
      if (size < 60 * 86_400) return relative.format(Math.round(seconds / 86_400), 'day');
      if (size < 730 * 86_400) return relative.format(Math.round(seconds / (30.44 * 86_400)), 'month');
      return relative.format(Math.round(seconds / (365.25 * 86_400)), 'year');
    },
    date: (ms: number) => day.format(ms),
    dateTime: (ms: number) => full.format(ms),
    /** Time of day; the date in front of it when it is not today's. */
    time: (ms: number, now: number) =>
      new Date(ms).toDateString() === new Date(now).toDateString() ? clock.format(ms) : dayClock.format(ms),
    /** Joins words into a list the way the language does: a, b, and c. */
    list: (words: string[]) => new Intl.ListFormat(tag, { type: 'conjunction' }).format(words),
    compare: (a: string, b: string) => collator.compare(a, b),
  };
}

export type Format = ReturnType<typeof makeFormat>;
