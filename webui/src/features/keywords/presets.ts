/** What providers are known to write into answers that have status 200 all the same. */
export type Preset = { name: string; keyword?: string; pattern?: string };

export const PRESETS: readonly Preset[] = [
  { name: 'overloaded', keyword: 'model is overloaded' },
  { name: 'high-demand', pattern: '(?i)(currently|experiencing) (very )?high (demand|traffic|load)' },
  { name: 'quota', pattern: '(?i)(exceeded|insufficient).{0,20}(quota|balance|credit)' },
  { name: 'rate-limit', pattern: '(?i)rate limit (exceeded|reached)' },
  { name: 'unavailable', keyword: 'service temporarily unavailable' },
  { name: 'busy-zh', pattern: '(系统繁忙|服务器繁忙|余额不足|请求过于频繁)' },
];
