import { callUnaryMethod, useTransport } from '@connectrpc/connect-query';
import { useForm } from '@mantine/form';
import { useUpdate } from '@/api/useUpdate';
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
  const { edit, update, save } = useUpdate(KeywordService.method.updateFailureKeyword, {
    stored: keyword,
    name,
    form,
    draftOf,
    differences,
    read,
    request: (draft, on) => ({ failureKeyword: messageOf(draft, on.etag) }),
    result: (answer) => answer.failureKeyword,
    done: () => t('keywords.saved', { name }),
    onSaved: (_, isTyped) => isTyped || onSaved(),
  });
  return (
    <form onSubmit={form.onSubmit(() => save(edit.base))}>
      <KeywordForm form={form} isNew={false} />
      <EditBar edit={edit} update={update} onSave={save} />
    </form>
  );
}
