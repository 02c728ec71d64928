import { Button } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useAction } from '@/api/useAction';
import { KeywordService } from '@/gen/trunkline/admin/v1/keyword_pb';
import { useI18n } from '@/i18n';
import { FormError } from '@/ui/FormError';
import { SentFields } from '@/ui/fields/SentFields';
import { type Draft, messageOf } from './draft';
import { KeywordForm } from './KeywordForm';
import c from './keywords.module.css';

/** A keyword that is not there yet. */
export function NewKeyword({
  initial,
  onSaved,
  onCancel,
}: {
  initial: Draft;
  onSaved: () => void;
  onCancel: () => void;
}) {
  const { t } = useI18n();
  const form = useForm<Draft>({ initialValues: initial });
  const create = useAction(KeywordService.method.createFailureKeyword, {
    form: { target: form, name: '' },
    onDone: onSaved,
    done: () => t('keywords.created', { name: form.values.name.trim() }),
  });
  return (
    <form onSubmit={form.onSubmit((draft) => create.run({ failureKeyword: messageOf(draft) }))}>
      <SentFields busy={create.busy}>
        <KeywordForm form={form} isNew />
      </SentFields>
      <FormError error={create.leftError} />
      <div className={c.actions}>
        <Button variant="default" onClick={onCancel}>
          {t('action.cancel')}
        </Button>
        <Button type="submit" loading={create.busy}>
          {t('keywords.create')}
        </Button>
      </div>
    </form>
  );
}
