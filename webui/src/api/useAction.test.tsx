import { Code, ConnectError } from '@connectrpc/connect';
import { TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { act, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { GroupService } from '@/gen/trunkline/admin/v1/group_pb';
import { refusal } from '@/test/refusal';
import { renderUi } from '@/test/renderUi';
import { FormError } from '@/ui/FormError';
import { SentFields } from '@/ui/fields/SentFields';
import { useAction } from './useAction';

function Editor({ onConflict }: { onConflict?: () => void }) {
  const form = useForm({ initialValues: { name: 'chat', members: [{ model: 'm' }] } });
  const create = useAction(GroupService.method.createGroup, {
    form: { target: form, name: form.values.name },
    done: (result) => `Made ${result.group?.name}`,
    onConflict,
  });
  return (
    <form onSubmit={form.onSubmit((values) => create.run({ group: { name: values.name } }))}>
      <SentFields busy={create.busy}>
        <TextInput label="Name" key={form.key('name')} {...form.getInputProps('name')} />
        <TextInput label="Model" key={form.key('members.0.model')} {...form.getInputProps('members.0.model')} />
      </SentFields>
      <FormError error={create.leftError} />
      <button type="submit">Create</button>
    </form>
  );
}

const answering = (answer: () => never | object) => ({
  services: (router: Parameters<NonNullable<Parameters<typeof renderUi>[1]>['services'] & object>[0]) =>
    void router.service(GroupService, { createGroup: answer }),
});
const fail = (error: ConnectError) => () => {
  throw error;
};

test('what is done is said, and everything is read again', async () => {
  const { queryClient } = await renderUi(
    () => <Editor />,
    answering(() => ({ group: { name: 'chat' } })),
  );
  const again = vi.spyOn(queryClient, 'invalidateQueries');
  await userEvent.click(screen.getByRole('button', { name: 'Create' }));
  expect(await screen.findByText('Made chat')).toBeVisible();
  expect(again).toHaveBeenCalled();
});

test('a violation stands at its field, which has the focus; nothing is said twice', async () => {
  const error = refusal({ 'groups["chat"].members[0].model': 'is no model of "azure"' });
  await renderUi(() => <Editor />, answering(fail(error)));
  await userEvent.click(screen.getByRole('button', { name: 'Create' }));
  expect(await screen.findByText('Is no model of "azure"')).toBeVisible();
  expect(screen.getByLabelText('Model')).toBeInvalid();
  expect(screen.getByLabelText('Model')).toHaveFocus();
  expect(screen.queryByRole('alert')).toBeNull();
});

test('while a form is sent nobody can type in it; refused, it is as it was', async () => {
  let refuse = (_: ConnectError) => {};
  const sent = new Promise<never>((_, reject) => {
    refuse = reject;
  });
  await renderUi(
    () => <Editor />,
    answering(() => sent),
  );
  await userEvent.type(screen.getByLabelText('Name'), '{Enter}');
  await waitFor(() => expect(screen.getByLabelText('Name').closest('[inert]')).not.toBeNull());
  act(() => screen.getByLabelText('Name').blur()); // as browsers do
  refuse(new ConnectError('the disk is full', Code.Internal));
  expect(await screen.findByRole('alert')).toBeVisible();
  expect(screen.getByLabelText('Name').closest('[inert]')).toBeNull();
  expect(screen.getByLabelText('Name')).toHaveFocus();
});

test('a violation of something else is shown in full', async () => {
  const error = refusal({ 'api_keys["app"].groups': 'names a group that is gone' });
  await renderUi(() => <Editor />, answering(fail(error)));
  await userEvent.click(screen.getByRole('button', { name: 'Create' }));
  expect(await screen.findByRole('alert')).toHaveTextContent('api_keys["app"].groups names a group that is gone');
});

test("a conflict is the page's to solve", async () => {
  const onConflict = vi.fn();
  await renderUi(() => <Editor onConflict={onConflict} />, answering(fail(new ConnectError('stale', Code.Aborted))));
  await userEvent.click(screen.getByRole('button', { name: 'Create' }));
  await waitFor(() => expect(onConflict).toHaveBeenCalledOnce());
});

test('an action without a form says in a notification why it failed', async () => {
  function Remove() {
    const remove = useAction(GroupService.method.deleteGroup);
    return (
      <button type="button" onClick={() => remove.run({ name: 'chat' })}>
        Delete
      </button>
    );
  }
  await renderUi(() => <Remove />, {
    services: (router) =>
      void router.service(GroupService, {
        deleteGroup: fail(new ConnectError('the key "app" uses it', Code.FailedPrecondition)),
      }),
  });
  await userEvent.click(screen.getByRole('button', { name: 'Delete' }));
  expect(await screen.findByText('Not possible in the current state')).toBeVisible();
  expect(screen.getByText('the key "app" uses it')).toBeVisible();
});
