import { UnstyledButton } from '@mantine/core';
import { ArrowUp } from 'lucide-react';
import { useI18n } from '@/i18n';
import c from './list.module.css';

/** How many calls came since the list was read. Rows stay where they are until someone asks for them. */
export function NewCalls({ n, onShow }: { n: number; onShow: () => void }) {
  const { count } = useI18n();
  if (n === 0) return null;
  return (
    <div className={c.pillBox}>
      <UnstyledButton className={c.pill} onClick={onShow}>
        <ArrowUp size={14} aria-hidden />
        {count('calls.live.new', n)}
      </UnstyledButton>
    </div>
  );
}
