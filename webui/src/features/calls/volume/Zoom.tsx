import { UnstyledButton } from '@mantine/core';
import { ChevronLeft, ChevronRight, type LucideIcon, ZoomIn, ZoomOut } from 'lucide-react';
import { useI18n } from '@/i18n';
import { useShortcut } from '@/ui/shortcuts';
import c from './volume.module.css';
import { SHORTEST, shift, zoomIn, zoomOut } from './zoom';

type Span = { from: number; to: number };

/** Changes the time without a pointer: in, out, earlier, later. */
export function Zoom({ span, onZoom }: { span: Span; onZoom: (span: Span) => void }) {
  const { t } = useI18n();
  const isShort = span.to - span.from <= SHORTEST;
  const isLast = span.to >= Date.now();
  const buttons = [
    { keys: '[', word: t('calls.zoom.earlier'), Icon: ChevronLeft, run: () => onZoom(shift(span, -1, Date.now())) },
    {
      keys: ']',
      word: t('calls.zoom.later'),
      Icon: ChevronRight,
      isOff: isLast,
      run: () => onZoom(shift(span, 1, Date.now())),
    },
    { keys: '-', word: t('calls.zoom.out'), Icon: ZoomOut, run: () => onZoom(zoomOut(span, Date.now())) },
    { keys: '+', word: t('calls.zoom.in'), Icon: ZoomIn, isOff: isShort, run: () => onZoom(zoomIn(span)) },
  ];
  return (
    <div className={c.zoom}>
      {buttons.map((button) => (
        <Button key={button.keys} {...button} />
      ))}
    </div>
  );
}

function Button({
  keys,
  word,
  Icon,
  isOff = false,
  run,
}: {
  keys: string;
  word: string;
  Icon: LucideIcon;
  isOff?: boolean;
  run: () => void;
}) {
  useShortcut(keys, word, run, { enabled: !isOff });
  return (
    <UnstyledButton aria-label={word} title={`${word} (${keys})`} disabled={isOff} onClick={run}>
      <Icon size={15} aria-hidden />
    </UnstyledButton>
  );
}
