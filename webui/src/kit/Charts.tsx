import { useI18n } from '@/i18n';
import { BarList } from '@/ui/charts/BarList';
import { Donut } from '@/ui/charts/Donut';
import { HeatStrip, toneOf } from '@/ui/charts/HeatStrip';
import { Kpi, Kpis } from '@/ui/charts/Kpi';
import { Legend } from '@/ui/charts/Legend';
import { colorsByRank, OTHER_COLOR, PERCENTILES } from '@/ui/charts/palette';
import { TimeChart } from '@/ui/charts/TimeChart';
import { Card } from '@/ui/Page';
import c from './kit.module.css';

const HOUR = 3_600_000;
const START = Date.UTC(2026, 10, 22, 13);
const wave = (i: number, phase = 0) => Math.round(600 + 420 * Math.sin(i / 3.6 + phase));
const hours = Array.from({ length: 24 }, (_, i) => i);
const traffic = hours.map((i) => ({
  at: START + i * HOUR,
  ok: wave(i) * 10,
  saved: 60 + (i % 5) * 30,
  failed: i % 7 === 0 ? 40 : 3,
}));
const times = hours.map((i) => ({
  at: START + i * HOUR,
  p50: 900 + wave(i) / 10,
  p95: 2500 + wave(i, 1) / 4,
  p99: 5200 + wave(i, 2) / 3,
}));
const OUTCOMES = [
  { key: 'ok', label: 'First try', color: 'var(--c1)' },
  { key: 'saved', label: 'Saved by failover', color: 'var(--c3)' },
  { key: 'failed', label: 'Failed', color: 'var(--bad)' },
];
const MODELS = ['gpt-5.2', 'claude-opus-5', 'gemini-3-pro', 'deepseek-v4', 'qwen3-max', 'glm-5'];
const colorOf = colorsByRank(MODELS);
const models = MODELS.map((key) => ({ key, label: key, color: colorOf(key) }));
const cost = hours.slice(0, 7).map((i) => ({
  at: START - HOUR * 13 + i * 24 * HOUR,
  ...Object.fromEntries(MODELS.map((m, n) => [m, (wave(i + n) * (7 - n)) / 40])),
}));

export function Charts() {
  const { int, compact, duration, usdShort, percent } = useI18n();
  const calls = (at: number, series?: string) =>
    ({ to: '/calls', search: { outcome: series, call: String(at) } }) as const;
  return (
    <>
      <Kpis>
        <Kpi
          label="Requests"
          value={compact(118_400)}
          change={0.124}
          period="24 h, against the 24 h before"
          trend={hours.map((i) => wave(i))}
          link={{ to: '/calls' }}
        />
        <Kpi
          label="Success rate"
          value={percent(0.9962, 2)}
          change={0.0018}
          better="up"
          period="24 h"
          trend={hours.map((i) => wave(i, 2))}
          color="var(--ok)"
        />
        <Kpi
          label="p95"
          value={duration(2840)}
          change={-0.063}
          better="down"
          period="24 h"
          trend={hours.map((i) => wave(i, 3))}
          color="var(--c3)"
        />
        <Kpi
          label="Cost"
          value={usdShort('270.32')}
          change={0.081}
          period="24 h"
          trend={hours.map((i) => wave(i, 4))}
          color="var(--c4)"
        />
        <Kpi
          label="Tokens"
          value={compact(214_600_000)}
          note={`${percent(0.62)} cached`}
          period="24 h"
          trend={hours.map((i) => wave(i, 5))}
          color="var(--c5)"
        />
        <Kpi
          label="Saved by failover"
          value={int(2914)}
          change={0.412}
          period="24 h"
          trend={[1, 1]}
          color="var(--c2)"
        />
      </Kpis>
      <div className={c.grid}>
        <Card title="Traffic" sub="Requests per hour, by outcome" aside={<Legend series={OUTCOMES} />}>
          <TimeChart
            kind="bars"
            label="Traffic of 24 h"
            points={traffic}
            series={OUTCOMES}
            step={HOUR}
            format={int}
            link={calls}
            onZoom={(from, to) => console.info(from, to)}
          />
        </Card>
        <Card title="Model distribution" sub="Requests of 24 h">
          <Donut
            label="Model distribution"
            nameTitle="Model"
            shareTitle="Share"
            columns={['Cost']}
            total={compact(118_400)}
            totalLabel="requests"
            slices={[...models, { key: '', label: 'Other', color: OTHER_COLOR }].map((m, i) => ({
              ...m,
              value: [35, 24, 16, 13, 7, 4, 1][i] ?? 0,
              cells: [usdShort([96, 119, 37, 7, 7, 2, 2][i] ?? 0)],
              link: { to: '/calls', search: { group: m.key } },
            }))}
          />
        </Card>
        <Card title="Response time" sub="To the last token, all providers" aside={<Legend series={PERCENTILES} />}>
          <TimeChart
            kind="lines"
            label="Response time of 24 h"
            points={times}
            series={PERCENTILES}
            step={HOUR}
            format={duration}
            formatAxis={duration}
            link={calls}
          />
        </Card>
        <Card title="Cost by model" sub="7 days">
          <TimeChart
            kind="bars"
            label="Cost by model of 7 days"
            points={cost}
            series={models}
            step={24 * HOUR}
            format={usdShort}
            formatAxis={usdShort}
            height={190}
          />
        </Card>
        <Card title="Tokens" sub="Stacked areas">
          <TimeChart
            kind="areas"
            label="Tokens of 24 h"
            points={traffic}
            series={OUTCOMES}
            step={HOUR}
            format={int}
            height={190}
          />
        </Card>
        <Card title="Why requests failed over" sub="24 h">
          <BarList
            rows={[
              {
                key: 'a',
                label: '429 rate limited',
                value: 1486,
                text: int(1486),
                link: { to: '/calls', search: { outcome: 'rate_limited' } },
              },
              { key: 'b', label: 'First-token timeout', value: 811, text: int(811) },
              { key: 'c', label: '5xx upstream error', value: 402, text: int(402) },
            ]}
          />
          <p>
            <HeatStrip
              label="99.1% of the last 24 h went well"
              cells={hours.map((i) => ({
                at: i,
                tone: toneOf(i === 4 ? undefined : i === 19 ? 0.5 : i % 9 === 0 ? 0.95 : 1),
                title: `${i}:00`,
              }))}
            />
          </p>
        </Card>
      </div>
    </>
  );
}
