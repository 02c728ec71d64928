import { colorsByRank } from '@/ui/charts/palette';
import { useDays, useModels } from './queries';
import type { View } from './view';

/** A model has one colour on the whole page: by its rank in the page's range, then by that of the days. */
export function useModelColors(view: View) {
  const rows = useModels(view).data?.data.rows ?? [];
  const series = useDays(view).data?.data.series ?? [];
  const named = [...rows, ...series.filter((s) => !s.other)].map((s) => s.value).filter((value) => value !== '');
  return colorsByRank([...new Set(named)]);
}
