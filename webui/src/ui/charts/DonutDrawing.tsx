import { Pie, PieChart, type PieSectorShapeProps, Sector } from 'recharts';
import { MarkAnchor } from './MarkAnchor';
import type { Slice } from './types';

/** The ring. Its table stands beside it, so it is hidden from screen readers. */
export function DonutDrawing({ slices, size }: { slices: readonly Slice[]; size: number }) {
  const shown = slices.filter((slice) => slice.value > 0);
  return (
    <div aria-hidden>
      <PieChart width={size} height={size} accessibilityLayer={false}>
        <Pie
          data={shown as Slice[]}
          dataKey="value"
          nameKey="label"
          innerRadius={size / 2 - 19}
          outerRadius={size / 2 - 1}
          paddingAngle={shown.length > 1 ? 1.5 : 0}
          cornerRadius={3}
          startAngle={90}
          endAngle={-270}
          minAngle={2}
          stroke="none"
          isAnimationActive={false}
          rootTabIndex={-1}
          shape={({ key: _, ...sector }: PieSectorShapeProps & { key?: unknown }) => {
            const slice = shown[sector.index ?? 0];
            return (
              <MarkAnchor to={slice?.link}>
                <Sector {...sector} fill={slice?.color} />
              </MarkAnchor>
            );
          }}
        />
      </PieChart>
    </div>
  );
}
