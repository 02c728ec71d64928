import { Button, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { Link, useNavigate } from '@tanstack/react-router';
import { ArrowLeft } from 'lucide-react';
import { useRef } from 'react';
import { fieldErrors } from '@/api/fieldErrors';
import { useSettings } from '@/api/queries';
import { useAction } from '@/api/useAction';
import { GroupService } from '@/gen/trunkline/admin/v1/group_pb';
import { useI18n } from '@/i18n';
import { FormError } from '@/ui/FormError';
import { FieldPart, Fields } from '@/ui/fields/Form';
import { SentFields } from '@/ui/fields/SentFields';
import { LeaveGuard } from '@/ui/LeaveGuard';
import { Loaded } from '@/ui/Loaded';
import { Card, PageHeader } from '@/ui/Page';
import { PolicyFields } from '@/ui/policy/PolicyFields';
import { policyDraft } from '@/ui/policy/policy';
import { BodyLogFields } from './BodyLogFields';
import { copyOf, type Draft, emptyDraft, messageOf } from './draft';
import { GroupFields } from './GroupFields';
import c from './groups.module.css';
import { MembersCard } from './MembersCard';
import { useGroup } from './queries';
import type { Watch } from './useRollout';

/** A new group, empty or as a copy of another. */
export function NewGroup({ from, watch }: { from: string | undefined; watch: Watch }) {
  const { t } = useI18n();
  const source = useGroup(from ?? '', from !== undefined);
  if (from === undefined) return <Form values={emptyDraft()} watch={watch} />;
  return (
    <Loaded query={source}>
      {(group) => (
        <Form values={group ? copyOf(group, t('groups.copyName', { name: from })) : emptyDraft()} watch={watch} />
      )}
    </Loaded>
  );
}

function Form({ values, watch }: { values: Draft; watch: Watch }) {
  const { t } = useI18n();
  const navigate = useNavigate();
  const settings = useSettings();
  const form = useForm<Draft>({ initialValues: values });
  const isSaved = useRef(false);
  const create = useAction(GroupService.method.createGroup, {
    form: { target: form, name: form.values.name.trim() },
    done: ({ group }) => t('groups.created', { name: group?.name ?? '' }),
    onDone: async ({ group }) => {
      isSaved.current = true;
      if (group) watch.saved(group.name, group.etag);
      await navigate({ to: '/groups', search: { group: group?.name } });
    },
  });
  const submit = () => {
    watch.begin();
    create.run({ group: messageOf(form.values) });
  };
  return (
    <>
      <Link to="/groups" search={{}} className={c.back}>
        <ArrowLeft size={15} aria-hidden />
        {t('groups.all')}
      </Link>
      <PageHeader title={t('groups.new')} lead={t('groups.newLead')} />
      <form
        className={c.form}
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <SentFields busy={create.busy}>
          <Card title={t('groups.general')}>
            <Fields>
              <TextInput
                label={t('groups.name')}
                description={t('groups.nameHow')}
                withAsterisk
                aria-required
                autoFocus
                autoComplete="off"
                spellCheck={false}
                {...form.getInputProps('name')}
              />
              <GroupFields form={form} />
            </Fields>
          </Card>
          <MembersCard form={form} />
          <Card title={t('groups.more')}>
            <FieldPart title={t('groups.policy.title')} sub={t('groups.policy.how')} folded>
              <PolicyFields
                path="policy"
                value={form.values.policy}
                onChange={(policy) => form.setFieldValue('policy', policy)}
                effective={policyDraft(settings.data?.effectiveFailover)}
                errors={fieldErrors(form.errors as Record<string, string>, 'policy')}
              />
            </FieldPart>
            <FieldPart title={t('groups.log.title')} sub={t('groups.log.sub')} folded>
              <BodyLogFields form={form} />
            </FieldPart>
          </Card>
        </SentFields>
        <FormError error={create.leftError} />
        <div className={c.actions}>
          <Button variant="default" component={Link} to="/groups">
            {t('action.cancel')}
          </Button>
          <Button type="submit" loading={create.busy}>
            {t('groups.create')}
          </Button>
        </div>
      </form>
      <LeaveGuard when={form.isDirty()} leaves={(next) => next.new === undefined && !isSaved.current} />
    </>
  );
}
