import { Button, Checkbox, Radio, Switch, Textarea, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import type { ReactNode } from 'react';
import { useGroupNames, useProviderNames } from '@/api/queries';
import { useAction } from '@/api/useAction';
import { type FailureKeyword, KeywordService } from '@/gen/trunkline/admin/v1/keyword_pb';
import { useI18n } from '@/i18n';
import { FormError } from '@/ui/FormError';
import { MultiCombo } from '@/ui/fields/Combo';
import { FieldPart, Fields } from '@/ui/fields/Form';
import { Segments } from '@/ui/Segments';
import { DryRun } from './DryRun';
import { type Action, type Draft, draftOf, emptyDraft, messageOf, SCOPES } from './draft';
import c from './keywords.module.css';
import { actionNotes, actionWords, scopeWords } from './words';

const ACTIONS: readonly Action[] = ['move', 'count', 'log'];

/** Every field of a failure keyword, the same for a new one and for one that is stored. */
export function KeywordForm({
  stored,
  initial,
  onSaved,
  onCancel,
  aside,
}: {
  stored?: FailureKeyword;
  initial?: Draft;
  onSaved: () => void;
  onCancel: () => void;
  aside?: ReactNode;
}) {
  const { t } = useI18n();
  const providers = useProviderNames().data ?? [];
  const groups = useGroupNames().data ?? [];
  const form = useForm<Draft>({ initialValues: stored ? draftOf(stored) : (initial ?? emptyDraft()) });
  const options = { form: { target: form, name: stored?.name ?? '' }, onDone: onSaved };
  const name = form.values.name.trim();
  const create = useAction(KeywordService.method.createFailureKeyword, {
    ...options,
    done: () => t('keywords.created', { name }),
  });
  const update = useAction(KeywordService.method.updateFailureKeyword, {
    ...options,
    done: () => t('keywords.saved', { name }),
  });
  const submit = form.onSubmit((draft) => {
    const failureKeyword = messageOf(draft, stored?.etag);
    return stored ? update.run({ failureKeyword }) : create.run({ failureKeyword });
  });
  const isPattern = form.values.kind === 'pattern';
  return (
    <form onSubmit={submit}>
      <Fields>
        <TextInput
          label={t('keywords.name')}
          description={stored ? undefined : t('keywords.nameHow')}
          disabled={stored !== undefined}
          data-autofocus={stored ? undefined : true}
          {...form.getInputProps('name')}
        />
        <Switch label={t('keywords.enabled')} {...form.getInputProps('enabled', { type: 'checkbox' })} />
        <Segments
          label={t('keywords.match')}
          value={form.values.kind}
          options={[
            { value: 'keyword', label: t('keywords.asText') },
            { value: 'pattern', label: t('keywords.asPattern') },
          ]}
          onChange={(kind) => form.setFieldValue('kind', kind)}
        />
        <Textarea
          key={form.values.kind}
          label={t(isPattern ? 'keywords.pattern' : 'keywords.text')}
          description={t(isPattern ? 'keywords.patternHow' : 'keywords.textHow')}
          autosize
          minRows={1}
          maxRows={6}
          classNames={{ input: c.mono }}
          spellCheck={false}
          {...form.getInputProps(form.values.kind)}
          error={form.errors[form.values.kind] ?? form.errors.keyword ?? form.errors.pattern}
        />
        <Radio.Group label={t('keywords.action')} {...form.getInputProps('action')}>
          <div className={c.choices}>
            {ACTIONS.map((action) => (
              <Radio key={action} value={action} label={t(actionWords[action])} description={t(actionNotes[action])} />
            ))}
          </div>
        </Radio.Group>
        <Checkbox.Group
          label={t('keywords.scopes')}
          description={t('keywords.scopesHow')}
          {...form.getInputProps('scopes')}
        >
          <div className={c.choices}>
            {SCOPES.map((scope) => (
              <Checkbox key={scope} value={scope} label={t(scopeWords[scope])} />
            ))}
          </div>
        </Checkbox.Group>
        <FieldPart title={t('keywords.only')} folded={form.values.providers.length + form.values.groups.length === 0}>
          <MultiCombo
            label={t('keywords.providers')}
            description={t('keywords.providersHow')}
            data={providers}
            {...form.getInputProps('providers')}
          />
          <MultiCombo
            label={t('keywords.groups')}
            description={t('keywords.groupsHow')}
            data={groups}
            {...form.getInputProps('groups')}
          />
        </FieldPart>
        <DryRun keyword={messageOf(form.values)} />
      </Fields>
      <FormError error={create.leftError ?? update.leftError} />
      <div className={c.actions}>
        <span>{aside}</span>
        <Button variant="default" onClick={onCancel}>
          {t('action.cancel')}
        </Button>
        <Button type="submit" loading={create.busy || update.busy}>
          {stored ? t('action.save') : t('keywords.create')}
        </Button>
      </div>
    </form>
  );
}
