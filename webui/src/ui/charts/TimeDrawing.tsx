import { useRouter } from '@tanstack/react-router';
import { useState } from 'react';
import {
  Area,
  Bar,
  type BarShapeProps,
  CartesianGrid,
  ComposedChart,
  Line,
  Rectangle,
  ReferenceArea,
  Tooltip,
  XAxis,
  YAxis,
} from 'recharts';
import { useI18n } from '@/i18n';
import { ChartTip } from './ChartTip';
import { MarkAnchor } from './MarkAnchor';
import { ticksOf } from './ticks';
import type { TimeChartProps } from './types';

const TICK = { fill: 'var(--text-2)', fontSize: 11.5 };
const MARGIN = { top: 6, right: 6, bottom: 0, left: 0 };
/** What Recharts tells of the place under the pointer. */
type Pointed = { activeLabel?: string | number };

/** The picture itself; everything it shows is also in the chart's table, so it is hidden from screen readers. */
export function TimeDrawing({
  kind,
  points,
  series,
  step,
  format,
  formatAxis,
  link,
  onZoom,
  max,
  width,
  height = 220,
}: TimeChartProps & { width: number }) {
  const { bucket, bucketLong, compact } = useI18n();
  const axis = formatAxis ? 54 : 46;
  const times = ticksOf(
    points.map(({ at }) => at),
    step,
    width - axis,
  );
  const router = useRouter();
  // Thin bars stand on whole pixels: half covered ones would look pale.
  const isDense = points.length > 60;
  const [drag, setDrag] = useState<{ from: number; to: number } | null>(null);
  const at = (pointed: Pointed) => Number(pointed.activeLabel ?? Number.NaN);
  const move = (pointed: Pointed) =>
    setDrag((d) => (d && Number.isFinite(at(pointed)) ? { ...d, to: at(pointed) } : d));
  const release = (pointed: Pointed) => {
    const end = drag?.to ?? at(pointed);
    setDrag(null);
    if (onZoom && drag && drag.from !== drag.to) {
      onZoom(Math.min(drag.from, drag.to), Math.max(drag.from, drag.to) + step);
      return;
    }
    // Bars are links themselves; lines and areas have no mark to hit, so the whole bucket is one.
    const to = kind !== 'bars' && Number.isFinite(end) ? link?.(end) : undefined;
    if (to) void router.navigate(to);
  };
  return (
    // Bars are links, and the browser drags links itself: then the chart would miss the moves, or the release.
    <div aria-hidden data-pick={link !== undefined} onDragStart={(event) => onZoom && event.preventDefault()}>
      <ComposedChart
        width={width}
        height={height}
        data={points as { at: number }[]}
        margin={MARGIN}
        barCategoryGap={isDense ? 0 : '24%'}
        accessibilityLayer={false}
        onMouseDown={(p) => onZoom && Number.isFinite(at(p)) && setDrag({ from: at(p), to: at(p) })}
        onMouseMove={move}
        onMouseUp={release}
        onMouseLeave={() => setDrag(null)}
      >
        <CartesianGrid vertical={false} stroke="var(--grid)" />
        <XAxis
          dataKey="at"
          tick={TICK}
          tickLine={false}
          axisLine={false}
          height={22}
          ticks={times.ticks}
          interval={0}
          tickFormatter={(ms: number) => bucket(ms, times.step)}
        />
        <YAxis
          tick={TICK}
          tickLine={false}
          axisLine={false}
          width={axis}
          domain={[0, max ?? 'auto']}
          allowDecimals={kind === 'lines' || max !== undefined}
          tickFormatter={formatAxis ?? ((value: number) => compact(value))}
        />
        <Tooltip
          isAnimationActive={false}
          cursor={kind === 'bars' ? { fill: 'var(--hover)' } : { stroke: 'var(--line-strong)' }}
          wrapperStyle={{ zIndex: 5, outline: 'none' }}
          content={({ payload, label }) => {
            const point = payload?.[0]?.payload as Record<string, number | undefined> | undefined;
            if (!point || drag) return null;
            const rows = series.map((s) => ({ ...s, value: point[s.key] })).filter((row) => row.value !== undefined);
            return (
              <ChartTip
                title={bucketLong(Number(label), step)}
                rows={rows.map((row) => ({ ...row, value: format(row.value ?? 0) }))}
              />
            );
          }}
        />
        {series.map((s, i) => {
          const common = { dataKey: s.key, isAnimationActive: false } as const;
          const isTop = i === series.length - 1;
          if (kind === 'lines') {
            return (
              <Line
                key={s.key}
                {...common}
                type="monotone"
                stroke={s.color}
                strokeWidth={2}
                dot={points.filter((point) => point[s.key] !== undefined).length === 1}
                activeDot={{ r: 3.5 }}
                connectNulls
              />
            );
          }
          if (kind === 'areas') {
            return (
              <Area
                key={s.key}
                {...common}
                type="monotone"
                stackId="all"
                stroke={s.color}
                fill={s.color}
                fillOpacity={0.18}
                strokeWidth={1.75}
              />
            );
          }
          return (
            <Bar
              key={s.key}
              {...common}
              stackId="all"
              fill={s.color}
              // What is there is seen, however little. Recharts passes the height of the stack, so we look the value up.
              minPointSize={(_, index) => ((points[index]?.[s.key] ?? 0) > 0 ? 2 : 0)}
              // Where nothing is drawn there is no link either.
              shape={(shape: BarShapeProps) =>
                shape.height ? (
                  <MarkAnchor to={link?.(Number(shape.payload?.at), s.key)}>
                    <Rectangle
                      {...shape}
                      fill={s.color}
                      radius={isTop && !isDense ? [3, 3, 0, 0] : 0}
                      shapeRendering={isDense ? 'crispEdges' : undefined}
                    />
                  </MarkAnchor>
                ) : null
              }
            />
          );
        })}
        {drag && drag.from !== drag.to && (
          <ReferenceArea x1={drag.from} x2={drag.to} fill="var(--accent)" fillOpacity={0.14} ifOverflow="visible" />
        )}
      </ComposedChart>
    </div>
  );
}
