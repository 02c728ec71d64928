import { create, type MessageShape } from '@bufbuild/protobuf';
import { TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { FailureKeywordSchema, KeywordService } from '@/gen/trunkline/admin/v1/keyword_pb';
import { renderUi } from '@/test/renderUi';
import { EditBar } from '@/ui/EditBar';
import { useUpdate } from './useUpdate';

type Keyword = MessageShape<typeof FailureKeywordSchema>;
const draftOf = (k: Keyword) => ({ keyword: k.keyword, scope: k.providers.join() });
type Draft = ReturnType<typeof draftOf>;

function Editor({ onSaved }: { onSaved?: (saved: Keyword | undefined, isTyped: boolean) => void }) {
  const stored = create(FailureKeywordSchema, { name: 'k', etag: '1', keyword: 'old', providers: ['m'] });
  const form = useForm<Draft>({ initialValues: draftOf(stored) });
  const { edit, update, save } = useUpdate(KeywordService.method.updateFailureKeyword, {
    stored,
    name: 'k',
    form,
    draftOf,
    differences: (before, after) =>
      (['keyword', 'scope'] as const)
        .filter((field) => before[field] !== after[field])
        .map((name) => ({ name, before: before[name], after: after[name] })),
    read: async () => undefined,
    request: (draft, on) => ({
      failureKeyword: { name: 'k', etag: on.etag, keyword: draft.keyword.trim(), providers: [draft.scope] },
    }),
    result: (answer) => answer.failureKeyword,
    onSaved,
  });
  return (
    <>
      <TextInput label="Keyword" {...form.getInputProps('keyword')} />
      <TextInput label="Scope" {...form.getInputProps('scope')} />
      <EditBar edit={edit} update={update} onSave={save} />
    </>
  );
}

test.each([
  ['with somebody to tell', vi.fn()],
  ['with nobody to tell', undefined],
])('what is typed while a save is under way is kept, and is what is left to save: %s', async (_, onSaved) => {
  const sent: { etag?: string; keyword?: string; providers?: string[] }[] = [];
  let answer = () => {};
  await renderUi(() => <Editor onSaved={onSaved} />, {
    services: (router) =>
      void router.service(KeywordService, {
        updateFailureKeyword: async ({ failureKeyword }) => {
          sent.push({ ...failureKeyword });
          await new Promise<void>((done) => {
            answer = done;
          });
          const { name, keyword, providers } = failureKeyword as Keyword;
          return { failureKeyword: { name, keyword, providers, etag: String(sent.length + 1) } };
        },
      }),
  });
  const [keyword, scope] = [screen.getByLabelText('Keyword'), screen.getByLabelText('Scope')];
  await userEvent.clear(keyword);
  await userEvent.type(keyword, ' new ');
  await userEvent.click(screen.getByRole('button', { name: 'Save' }));
  await waitFor(() => expect(sent).toHaveLength(1));
  await userEvent.type(scope, '2');
  answer();
  // What was saved is shown as the server has it, and what was typed since as it was typed.
  await waitFor(() => expect(keyword).toHaveValue('new'));
  expect(scope).toHaveValue('m2');
  if (onSaved) expect(onSaved).toHaveBeenLastCalledWith(expect.anything(), true);
  expect(screen.getByText('1 unsaved change')).toBeVisible();

  await userEvent.click(screen.getByRole('button', { name: 'Save' }));
  await waitFor(() => expect(sent).toHaveLength(2));
  expect(sent[1]).toMatchObject({ etag: '2', keyword: 'new', providers: ['m2'] });
  answer();
  await waitFor(() => expect(screen.queryByRole('button', { name: 'Save' })).toBeNull());
  if (onSaved) expect(onSaved).toHaveBeenLastCalledWith(expect.anything(), false);
});
