import { useQuery } from '@connectrpc/connect-query';
import { Button } from '@mantine/core';
import { useState } from 'react';
import { useAction } from '@/api/useAction';
import { type FailureKeyword, KeywordService } from '@/gen/trunkline/admin/v1/keyword_pb';
import { useI18n } from '@/i18n';
import { ConfirmDialog } from '@/ui/ConfirmDialog';
import { ForRole } from '@/ui/ForRole';
import { Loaded } from '@/ui/Loaded';
import { Panel } from '@/ui/Panel';
import { emptyDraft } from './draft';
import { EditKeyword } from './EditKeyword';
import c from './keywords.module.css';
import { NewKeyword } from './NewKeyword';
import { PRESETS } from './presets';

/** A keyword being made or changed, beside the list. */
export function KeywordPanel({
  isNew,
  name,
  onClose,
  onSaved,
}: {
  isNew: boolean;
  name: string | undefined;
  onClose: () => void;
  onSaved: (name: string | undefined) => void;
}) {
  const { t } = useI18n();
  const preset = PRESETS.find((p) => p.name === name);
  return (
    <Panel
      opened={isNew || name !== undefined}
      title={isNew ? t('keywords.add') : (name ?? '')}
      sub={isNew ? undefined : t('keywords.one')}
      onClose={onClose}
    >
      {isNew ? (
        <ForRole call={KeywordService.method.createFailureKeyword}>
          <NewKeyword key={name} initial={emptyDraft(preset)} onSaved={() => onSaved(undefined)} onCancel={onClose} />
        </ForRole>
      ) : (
        name !== undefined && <Existing key={name} name={name} onClose={onClose} />
      )}
    </Panel>
  );
}

function Existing({ name, onClose }: { name: string; onClose: () => void }) {
  const query = useQuery(KeywordService.method.getFailureKeyword, { name });
  return (
    <Loaded query={query}>
      {({ failureKeyword }) =>
        failureKeyword && (
          <>
            <EditKeyword keyword={failureKeyword} onSaved={onClose} />
            <Delete keyword={failureKeyword} onDone={onClose} />
          </>
        )
      }
    </Loaded>
  );
}

function Delete({ keyword, onDone }: { keyword: FailureKeyword; onDone: () => void }) {
  const { t } = useI18n();
  const [asked, setAsked] = useState(false);
  const { name, etag } = keyword;
  const remove = useAction(KeywordService.method.deleteFailureKeyword, {
    onDone,
    done: () => t('keywords.deleted', { name }),
    quiet: true,
  });
  if (!remove.allowed) return null;
  return (
    <>
      <Button className={c.delete} variant="subtle" color="red" onClick={() => setAsked(true)}>
        {t('keywords.delete')}
      </Button>
      <ConfirmDialog
        opened={asked}
        title={t('keywords.deleteTitle', { name })}
        confirm={t('keywords.delete')}
        onConfirm={() => remove.run({ name, etag })}
        onClose={() => setAsked(false)}
        busy={remove.busy}
        error={remove.error}
      >
        <p>{t('keywords.deleteText')}</p>
      </ConfirmDialog>
    </>
  );
}
