import { Button } from '@mantine/core';
import { useState } from 'react';
import { useI18n } from '@/i18n';
import { Dialog, DialogActions } from '@/ui/Dialog';
import { RulesField } from './RulesField';
import type { RuleValues } from './rule';

/** The field rules of one model; they are saved with the other edits of models. */
export function RulesDialog({
  model,
  rules,
  onApply,
  onClose,
}: {
  model: string;
  rules: readonly RuleValues[];
  onApply: (rules: RuleValues[]) => void;
  onClose: () => void;
}) {
  const { t } = useI18n();
  const [value, setValue] = useState([...rules]);
  return (
    <Dialog opened title={t('providers.rules.of', { name: model })} onClose={onClose} size={820}>
      <RulesField label={t('providers.rules.title')} value={value} onChange={setValue} />
      <DialogActions>
        <Button variant="default" onClick={onClose}>
          {t('action.cancel')}
        </Button>
        <Button onClick={() => onApply(value)}>{t('providers.bulk.apply')}</Button>
      </DialogActions>
    </Dialog>
  );
}
