import { callUnaryMethod, useTransport } from '@connectrpc/connect-query';
import { useForm } from '@mantine/form';
import { useAction } from '@/api/useAction';
import { useEdit } from '@/api/useEdit';
import { type FailureKeyword, KeywordService } from '@/gen/trunkline/admin/v1/keyword_pb';
import { useI18n } from '@/i18n';
import { SaveBar } from '@/ui/SaveBar';
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
  const { base, conflict, take } = useEdit({ stored: keyword, form, draftOf, read });
  const update = useAction(KeywordService.method.updateFailureKeyword, {
    form: { target: form, name },
    onConflict: conflict.found,
    done: () => t('keywords.saved', { name }),
    onDone: onSaved,
  });
  const run = (from: FailureKeyword) => {
    conflict.settled();
    update.run({ failureKeyword: messageOf(form.values, from.etag) });
  };
  const save = form.onSubmit(() => run(base));
  const { theirs } = conflict;
  return (
    <form onSubmit={save}>
      <KeywordForm form={form} isNew={false} />
      <SaveBar
        changes={differences(draftOf(base), form.values)}
        onSave={() => save()}
        onDiscard={() => take(base)}
        busy={update.busy}
        error={update.leftError}
        conflict={
          theirs && {
            changes: differences(draftOf(base), draftOf(theirs)),
            onReload: () => {
              update.reset();
              take(theirs);
            },
            onOverwrite: () => run(theirs),
          }
        }
      />
    </form>
  );
}
