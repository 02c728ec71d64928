import { createClient } from '@connectrpc/connect';
import { useTransport } from '@connectrpc/connect-query';
import { Menu, UnstyledButton } from '@mantine/core';
import { Download, X } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import type { CallSearch } from '@/api/callFilter';
import { problemOf } from '@/api/errors';
import { notifyDone, notifyFailed } from '@/api/notify';
import { CallService } from '@/gen/trunkline/admin/v1/call_pb';
import { useI18n } from '@/i18n';
import { Progress } from '@/ui/Progress';
import { type ExportProgress, exportCalls, type FormatName, save } from './exportCalls';
import c from './list.module.css';

/** Saves the calls of the list, all pages of them, as a file; how far it is shows in the place of the button. */
export function Export({ filter }: { filter: CallSearch }) {
  const { t, count, bytes } = useI18n();
  const transport = useTransport();
  const [progress, setProgress] = useState<ExportProgress | null>(null);
  const running = useRef<AbortController>(null);
  useEffect(() => () => running.current?.abort(), []);

  const run = async (format: FormatName) => {
    const stop = new AbortController();
    running.current = stop;
    setProgress({ bytes: 0, calls: 0 });
    try {
      const client = createClient(CallService, transport);
      let last = 0;
      const file = await exportCalls(client, filter, format, stop.signal, (now) => {
        last = now.calls;
        setProgress(now);
      });
      save(file, `calls-${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}.${format}`);
      notifyDone(count('calls.export.done', last));
    } catch (error) {
      if (!stop.signal.aborted) notifyFailed(t('calls.export.failed'), t(problemOf(error).message));
    }
    setProgress(null);
  };

  if (progress) {
    return (
      <span className={c.export}>
        <span className="num" role="status">
          {count('calls.export.running', progress.calls, { size: bytes(progress.bytes) })}
        </span>
        <span className={c.exportBar}>
          <Progress label={t('calls.export')} share={undefined} />
        </span>
        <UnstyledButton className={c.tool} onClick={() => running.current?.abort()}>
          <X size={14} aria-hidden />
          {t('action.cancel')}
        </UnstyledButton>
      </span>
    );
  }
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <UnstyledButton className={c.tool}>
          <Download size={14} aria-hidden />
          {t('calls.export')}
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => void run('csv')}>{t('calls.export.csv')}</Menu.Item>
        <Menu.Item onClick={() => void run('jsonl')}>{t('calls.export.jsonl')}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
