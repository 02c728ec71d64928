import type { Lang } from './languages';
import { TAGS } from './languages';

const UNITS: readonly [string, number][] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
];

type Span = { unit: 'second' | 'minute' | 'hour' | 'day' | 'month' | 'year'; size: number; most: number };
const DAY = 86_400_000;
/** What a rough length of time is told in, and how many of it at most before the next one is. */
const SPANS: readonly Span[] = [
  { unit: 'second', size: 1000, most: 59 },
  { unit: 'minute', size: 60_000, most: 59 },
  { unit: 'hour', size: 3_600_000, most: 23 },
  { unit: 'day', size: DAY, most: 59 },
  { unit: 'month', size: 30.44 * DAY, most: 23 },
  { unit: 'year', size: 365.25 * DAY, most: Number.POSITIVE_INFINITY },
];
/** Nothing is said in seconds, as its field has it. */
const isIn = (ms: number, size: number) => (ms === 0 ? size === 1000 : ms >= size && ms % size === 0);
/** Judged by the rounded number: 59.7 seconds are one minute, not 60 seconds. */
const spanOf = (ms: number, spans: readonly Span[]) =>
  spans.find(({ size, most }) => Math.round(ms / size) <= most) ?? (spans.at(-1) as Span);

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
  const upToMyriad = number({ maximumFractionDigits: 1 });
  const countsByMyriads = lang !== 'en';
  const money = number({
    style: 'currency',
    currency: 'USD',
    currencyDisplay: 'narrowSymbol',
    minimumFractionDigits: 2,
    maximumFractionDigits: 6,
  });
  const shortMoney = number({
    style: 'currency',
    currency: 'USD',
    currencyDisplay: 'narrowSymbol',
    notation: 'compact',
    maximumFractionDigits: 1,
  });
  const wholeMoney = number({ style: 'currency', currency: 'USD', currencyDisplay: 'narrowSymbol' });
  const size = (unit: string) => number({ style: 'unit', unit, maximumFractionDigits: 1 });
  const relative = new Intl.RelativeTimeFormat(tag, { numeric: 'auto' });
  const collator = new Intl.Collator(tag, { numeric: true });
  const day = date({ dateStyle: 'medium' });
  const full = date({ dateStyle: 'medium', timeStyle: 'long', hourCycle: 'h23' });
  const clock = date({ hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
  const hourMinute = date({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  const monthDay = date({ month: 'short', day: 'numeric' });
  const weekDay = date({ weekday: 'short', month: 'short', day: 'numeric' });
  const dayHour = date({ month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
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
    /** 12,345 as 12.3K, or as 1.2万 where people count so: there less than 1万 is said in full, as 5,033. */
    compact: (value: number | bigint) => (countsByMyriads && value < 10_000 ? upToMyriad : short).format(value),
    /** An exact decimal of dollars; digits beyond six are rounded. */
    usd: (decimal: string) => money.format(decimal === '' ? 0 : (decimal as Intl.StringNumericLiteral)),
    /** Dollars where room is short: $270.32, $12.4K, and $0.0031 when it is less than a cent. */
    usdShort: (value: string | number) => {
      const dollars = Math.abs(Number(value));
      if (dollars >= 10_000) return shortMoney.format(Number(value));
      if (dollars >= 0.01 || dollars === 0) return wholeMoney.format(Number(value));
      return money.format(Number(Number(value).toPrecision(2)));
    },
    percent: (share: number, digits = 0) => number({ style: 'percent', maximumFractionDigits: digits }).format(share),
    /** A share among others: what is there is never 0 %. */
    part: (share: number) =>
      share > 0 && share < 0.005
        ? `<${number({ style: 'percent' }).format(0.01)}`
        : number({ style: 'percent', maximumFractionDigits: 0 }).format(share),
    /** A change against before: +12.4 %, −3 %. */
    change: (share: number, digits = 1) =>
      number({ style: 'percent', maximumFractionDigits: digits, signDisplay: 'exceptZero' }).format(share),
    bytes: (n: number | bigint) => {
      const value = Number(n);
      const power = Math.min(4, Math.max(0, Math.floor(Math.log10(Math.max(1, value)) / 3)));
      return size(['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'][power] ?? 'byte').format(
        value / 1000 ** power,
      );
    },
    /** A plain decimal: 38.4. */
    decimal: (value: number, digits = 1) => number({ maximumFractionDigits: digits }).format(value),
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
      const [name, size] = UNITS.find(([, size]) => isIn(ms, size)) ?? ['millisecond', 1];
      return number({ style: 'unit', unit: name, unitDisplay: 'short' }).format(ms / size);
    },
    /** A rough length of time in its largest unit: 40 sec, 3 min, 2 days. */
    age: (ms: number) => {
      const { unit, size } = spanOf(ms, SPANS.slice(0, 4));
      return number({ style: 'unit', unit, unitDisplay: 'short' }).format(Math.round(ms / size));
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
      const { unit, size } = spanOf(Math.abs(ms - now), SPANS);
      return relative.format(Math.round((ms - now) / size), unit);
    },
    date: (ms: number) => day.format(ms),
    dateTime: (ms: number) => full.format(ms),
    /** Time of day; the date in front of it when it is not today's. */
    time: (ms: number, now: number) =>
      new Date(ms).toDateString() === new Date(now).toDateString() ? clock.format(ms) : dayClock.format(ms),
    /** 14:05. */
    hour: (ms: number) => hourMinute.format(ms),
    /** Nov 23. */
    dayMonth: (ms: number) => monthDay.format(ms),
    /** Nov 23, 14:05. */
    dayTime: (ms: number) => dayHour.format(ms),
    /** Where a chart's bucket begins: a time of day, or a day when buckets are that long. */
    bucket: (ms: number, step: number) => (step >= 86_400_000 ? monthDay : hourMinute).format(ms),
    /** The same in full, for the chart's tooltip and table. */
    bucketLong: (ms: number, step: number) => (step >= 86_400_000 ? weekDay : dayHour).format(ms),
    /** From one time to another, what both share said once. Of one day, Japanese would write 17時05分. */
    span: (from: number, to: number) => dayHour.formatRange(from, to).replace(/(\d+)時(\d+)分/g, '$1:$2'),
    /** The same of whole days: Nov 17 – 23. */
    daySpan: (from: number, to: number) => monthDay.formatRange(from, to),
    /** Joins words into a list the way the language does: a, b, and c. */
    list: (words: string[]) => new Intl.ListFormat(tag, { type: 'conjunction' }).format(words),
    compare: (a: string, b: string) => collator.compare(a, b),
  };
}

export type Format = ReturnType<typeof makeFormat>;
