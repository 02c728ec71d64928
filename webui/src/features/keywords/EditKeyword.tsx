import { callUnaryMethod, useTransport } from '@connectrpc/connect-query';
import { useForm } from '@mantine/form';
import { useAction } from '@/api/useAction';
import { useEdit } from '@/api/useEdit';
import { type FailureKeyword, KeywordService } from '@/gen/trunkline/admin/v1/keyword_pb';
import { useI18n } from '@/i18n';
import { EditBar } from '@/ui/EditBar';
import { type Draft, draftOf, messageOf } from './draft';
import { KeywordForm } from './KeywordForm';
import { useDifferences } from './useDifferences';

/** The fields of a stored keyword. */
export function EditKeyword({ keyword, onSaved }: { keyword: FailureKeyword; onSaved: () => void }) {
  const { t } = useI18n();
  const { name } = keyword;
  const transport = useTransport();
  const differences = useDifferences();
  const form = useForm<Draft>({ initialValues: draftOf(keyword) });
  const read = async () =>
    (await callUnaryMethod(transport, KeywordService.method.getFailureKeyword, { name })).failureKeyword;
  const edit = useEdit({ stored: keyword, form, draftOf, differences, read });
  const update = useAction(KeywordService.method.updateFailureKeyword, {
    form: { target: form, name },
    onConflict: edit.found,
    done: () => t('keywords.saved', { name }),
    onDone: onSaved,
  });
  const run = (from: FailureKeyword) => {
    update.run({ failureKeyword: messageOf(form.values, from.etag) });
  };
  return (
    <form onSubmit={form.onSubmit(() => run(edit.base))}>
      <KeywordForm form={form} isNew={false} />
      <EditBar edit={edit} update={update} onSave={run} />
    </form>
  );
}
