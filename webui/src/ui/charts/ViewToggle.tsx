import { UnstyledButton } from '@mantine/core';
import { ChartColumn, Table2 } from 'lucide-react';
import { useI18n } from '@/i18n';
import c from './charts.module.css';

/** Chart or table; quiet until it is pointed at or reached by keyboard. */
export function ViewToggle({
  asTable,
  onChange,
  label,
}: {
  asTable: boolean;
  onChange: (asTable: boolean) => void;
  label: string;
}) {
  const { t } = useI18n();
  const words = asTable ? t('chart.asChart') : t('chart.asTable');
  return (
    <UnstyledButton
      className={c.toggle}
      data-on={asTable}
      aria-label={`${words}: ${label}`}
      title={words}
      onClick={() => onChange(!asTable)}
    >
      {asTable ? <ChartColumn size={14} aria-hidden /> : <Table2 size={14} aria-hidden />}
    </UnstyledButton>
  );
}
