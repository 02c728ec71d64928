import { callUnaryMethod, useTransport } from '@connectrpc/connect-query';
import { Button, Select, Textarea } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { GroupService } from '@/gen/trunkline/admin/v1/group_pb';
import { useI18n } from '@/i18n';
import { FormError } from '@/ui/FormError';
import { Card } from '@/ui/Page';
import c from './groups.module.css';
import { Previewed } from './Previewed';

const DIALECTS = ['chat', 'messages', 'responses', 'gemini'] as const;
/** The longest body that is looked at. */
const MOST = 1_048_576;

/** Says of a pasted request what each member would be told of it, before anything is sent. */
export function PreviewCard({ group }: { group: string }) {
  const { t } = useI18n();
  const transport = useTransport();
  const [dialect, setDialect] = useState<string>(DIALECTS[0]);
  const [body, setBody] = useState('');
  const preview = useMutation({
    mutationFn: () =>
      callUnaryMethod(transport, GroupService.method.previewTranslation, { name: group, dialect, body }),
  });
  return (
    <Card title={t('groups.preview.title')} sub={t('groups.preview.sub')}>
      <form
        className={c.ask}
        onSubmit={(event) => {
          event.preventDefault();
          preview.mutate();
        }}
      >
        <Select
          label={t('groups.preview.dialect')}
          description={t('groups.preview.dialectHow')}
          data={[...DIALECTS]}
          value={dialect}
          onChange={(value) => value && setDialect(value)}
          allowDeselect={false}
        />
        <Textarea
          label={t('groups.preview.body')}
          description={t('groups.preview.bodyHow')}
          value={body}
          onChange={(event) => setBody(event.currentTarget.value)}
          autosize
          minRows={3}
          maxRows={12}
          maxLength={MOST}
          spellCheck={false}
          classNames={{ input: 'mono' }}
        />
        <div className={c.askActions}>
          <Button type="submit" size="sm" variant="default" disabled={body.trim() === ''} loading={preview.isPending}>
            {t('groups.preview.show')}
          </Button>
        </div>
        <FormError error={preview.error} />
      </form>
      {preview.data?.route && !preview.error && <Previewed route={preview.data.route} />}
    </Card>
  );
}
