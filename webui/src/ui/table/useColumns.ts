import { useLocalStorage } from '@mantine/hooks';
import type { Column } from './column';

export type ShownColumns<T> = {
  columns: readonly Column<T>[];
  isShown: (id: string) => boolean;
  toggle: (id: string) => void;
  reset: () => void;
};

/** Which columns are shown: what this browser was told, else all that are not optional. The first always is. */
export function useColumns<T>(columns: readonly Column<T>[], remember: string | undefined): ShownColumns<T> {
  const usual = columns.filter((column) => !column.optional).map((column) => column.id);
  const [chosen, setChosen, forget] = useLocalStorage<string[] | null>({
    key: `ui.columns.${remember ?? ''}`,
    defaultValue: null,
    getInitialValueInEffect: false,
  });
  const shown = new Set(remember && Array.isArray(chosen) ? chosen : usual);
  const isShown = (id: string) => id === columns[0]?.id || shown.has(id);
  return {
    columns: columns.filter((column) => isShown(column.id)),
    isShown,
    toggle: (id) => setChosen(columns.map((col) => col.id).filter((other) => isShown(other) !== (other === id))),
    reset: forget,
  };
}
