import { Button } from '@mantine/core';
import { useState } from 'react';
import { useAction } from '@/api/useAction';
import { type Node, NodeService } from '@/gen/trunkline/admin/v1/node_pb';
import { useI18n } from '@/i18n';
import { ConfirmDialog } from '@/ui/ConfirmDialog';
import c from './nodes.module.css';
import { useJoinTokens } from './useJoinTokens';

type Question = 'drain' | 'revoke' | 'forget';

/** What can be done with a node: three different things, each asked for with its consequence. */
export function NodeActions({ node, onGone }: { node: Node; onGone: () => void }) {
  const { t } = useI18n();
  const { joinable } = useJoinTokens();
  const [asked, setAsked] = useState<Question>();
  const close = () => setAsked(undefined);
  const { name } = node;
  const drain = useAction(NodeService.method.drainNode, {
    onDone: close,
    done: (r) => t(r.node?.drainOrdered ? 'nodes.drainDone' : 'nodes.undrainDone', { name }),
  });
  const revoke = useAction(NodeService.method.revokeNode, {
    onDone: close,
    done: () => t('nodes.revokeDone', { name }),
    quiet: true,
  });
  const forget = useAction(NodeService.method.forgetNode, {
    onDone: () => {
      close();
      onGone();
    },
    done: () => t('nodes.forgetDone', { name }),
    quiet: true,
  });
  return (
    <div className={c.actions}>
      {drain.allowed && node.connected && !node.drainOrdered && (
        <Button variant="default" onClick={() => setAsked('drain')}>
          {t('nodes.drain')}
        </Button>
      )}
      {drain.allowed && node.connected && node.drainOrdered && (
        <Button variant="default" loading={drain.busy} onClick={() => drain.run({ name, undo: true })}>
          {t('nodes.undrain')}
        </Button>
      )}
      {revoke.allowed && joinable && !node.revoked && (
        <Button variant="default" color="red" onClick={() => setAsked('revoke')}>
          {t('nodes.revoke')}
        </Button>
      )}
      {forget.allowed && !node.connected && (
        <Button variant="default" onClick={() => setAsked('forget')}>
          {t('nodes.forget')}
        </Button>
      )}
      <ConfirmDialog
        opened={asked === 'drain'}
        title={t('nodes.drainTitle', { name })}
        confirm={t('nodes.drain')}
        danger={false}
        onConfirm={() => drain.run({ name })}
        onClose={close}
        busy={drain.busy}
        error={drain.error}
      >
        <p>{t('nodes.drainText')}</p>
      </ConfirmDialog>
      <ConfirmDialog
        opened={asked === 'revoke'}
        title={t('nodes.revokeTitle', { name })}
        confirm={t('nodes.revoke')}
        typeName={name}
        onConfirm={() => revoke.run({ name })}
        onClose={close}
        busy={revoke.busy}
        error={revoke.error}
      >
        <p>{t('nodes.revokeText')}</p>
      </ConfirmDialog>
      <ConfirmDialog
        opened={asked === 'forget'}
        title={t('nodes.forgetTitle', { name })}
        confirm={t('nodes.forget')}
        danger={false}
        onConfirm={() => forget.run({ name })}
        onClose={close}
        busy={forget.busy}
        error={forget.error}
      >
        <p>{t('nodes.forgetText')}</p>
      </ConfirmDialog>
    </div>
  );
}
