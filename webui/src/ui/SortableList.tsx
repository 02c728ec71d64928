import {
  type Announcements,
  closestCenter,
  DndContext,
  type DragEndEvent,
  KeyboardSensor,
  PointerSensor,
  type UniqueIdentifier,
  useSensor,
  useSensors,
} from '@dnd-kit/core';
import {
  arrayMove,
  SortableContext,
  sortableKeyboardCoordinates,
  useSortable,
  verticalListSortingStrategy,
} from '@dnd-kit/sortable';
import { CSS } from '@dnd-kit/utilities';
import { GripVertical } from 'lucide-react';
import { type ReactNode, useRef } from 'react';
import { useI18n } from '@/i18n';
import c from './sortableList.module.css';

/**
 * A list whose order is set by hand: drag the handle, or focus it, press Space, move with the
 * arrow keys and press Space again. Every step is announced in the person's language.
 */
export function SortableList<T>({
  label,
  items,
  idOf,
  nameOf,
  onMove,
  disabled,
  children,
}: {
  label: string;
  items: readonly T[];
  idOf: (item: T) => string;
  /** What it is called when it is announced. */
  nameOf: (item: T) => string;
  /** The items in their new order, and which of them was moved. */
  onMove: (items: T[], moved: T) => void;
  /** The order can only be read: there is nothing to drag it by. */
  disabled?: boolean;
  children: (item: T, index: number, handle: ReactNode) => ReactNode;
}) {
  const { t } = useI18n();
  const ids = items.map(idOf);
  const sensors = useSensors(
    useSensor(PointerSensor, { activationConstraint: { distance: 4 } }),
    useSensor(KeyboardSensor, { coordinateGetter: sortableKeyboardCoordinates }),
  );
  const placeOf = (id: UniqueIdentifier) => ids.indexOf(String(id));
  const words = (id: UniqueIdentifier, at: UniqueIdentifier = id) => {
    const item = items[placeOf(id)];
    return { name: item ? nameOf(item) : '', place: placeOf(at) + 1, of: ids.length };
  };
  // Lifting counts as coming over oneself: that is said already, and so is staying where one is.
  const lastOver = useRef<UniqueIdentifier | null>(null);
  const announcements: Announcements = {
    onDragStart: ({ active }) => {
      lastOver.current = active.id;
      return t('sort.lifted', words(active.id));
    },
    onDragOver: ({ active, over }) => {
      if (!over || over.id === lastOver.current) return undefined;
      lastOver.current = over.id;
      return t('sort.moved', words(active.id, over.id));
    },
    onDragEnd: ({ active, over }) => t('sort.dropped', words(active.id, over?.id)),
    onDragCancel: ({ active }) => t('sort.cancelled', words(active.id)),
  };
  const drop = ({ active, over }: DragEndEvent) => {
    const moved = items[placeOf(active.id)];
    if (moved === undefined || !over || active.id === over.id) return;
    onMove(arrayMove([...items], placeOf(active.id), placeOf(over.id)), moved);
  };
  return (
    <DndContext
      sensors={sensors}
      collisionDetection={closestCenter}
      onDragEnd={drop}
      accessibility={{ announcements, screenReaderInstructions: { draggable: t('sort.how') } }}
    >
      <SortableContext items={ids} strategy={verticalListSortingStrategy} disabled={disabled}>
        <ol className={c.list} aria-label={label}>
          {items.map((item, index) => (
            <Row key={idOf(item)} id={idOf(item)} name={nameOf(item)} disabled={disabled}>
              {(handle) => children(item, index, handle)}
            </Row>
          ))}
        </ol>
      </SortableContext>
    </DndContext>
  );
}

function Row({
  id,
  name,
  disabled,
  children,
}: {
  id: string;
  name: string;
  disabled: boolean | undefined;
  children: (handle: ReactNode) => ReactNode;
}) {
  const { t } = useI18n();
  const { setNodeRef, setActivatorNodeRef, attributes, listeners, transform, transition, isDragging } = useSortable({
    id,
    disabled,
  });
  const handle = disabled ? (
    <span />
  ) : (
    <button
      type="button"
      className={c.handle}
      ref={setActivatorNodeRef}
      {...attributes}
      {...listeners}
      aria-label={t('sort.handle', { name })}
    >
      <GripVertical size={16} aria-hidden />
    </button>
  );
  return (
    <li
      ref={setNodeRef}
      className={c.row}
      data-dragging={isDragging}
      style={{ transform: CSS.Translate.toString(transform), transition }}
    >
      {children(handle)}
    </li>
  );
}
