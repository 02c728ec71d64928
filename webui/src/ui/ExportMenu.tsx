import { Menu, UnstyledButton } from '@mantine/core';
import { Download, X } from 'lucide-react';
import { useEffect, useId, useRef, useState } from 'react';
import { problemOf } from '@/api/errors';
import { type ExportProgress, readFile, save } from '@/api/exportFile';
import { notifyDone, notifyFailed } from '@/api/notify';
import { useI18n } from '@/i18n';
import c from './exportMenu.module.css';
import { Progress } from './Progress';

/** The first line of a CSV is its head. */
const FORMATS = { csv: { type: 'text/csv', head: 1 }, jsonl: { type: 'application/jsonl', head: 0 } } as const;
export type FormatName = keyof typeof FORMATS;

/** Saves what a list shows, all pages of it, as a file; how far it is shows in the place of the button. */
export function ExportMenu({
  name,
  jsonl,
  read,
  progressText,
  done,
  refused,
}: {
  /** What the file's name begins with. */
  name: string;
  /** What JSON lines are called here. */
  jsonl: string;
  read: (format: FormatName, signal: AbortSignal) => AsyncIterable<{ data: Uint8Array }>;
  progressText: (lines: number, size: string) => string;
  done: (lines: number) => string;
  /** Why this person may not; the button then says so and does nothing. */
  refused?: string;
}) {
  const { t, bytes } = useI18n();
  const why = useId();
  const [progress, setProgress] = useState<ExportProgress | null>(null);
  const stop = useRef<AbortController>(null);
  useEffect(() => () => stop.current?.abort(), []);

  const run = async (format: FormatName) => {
    const running = new AbortController();
    stop.current = running;
    const { signal } = running;
    setProgress({ bytes: 0, lines: 0 });
    try {
      let last = 0;
      const file = await readFile(read(format, signal), FORMATS[format], (now) => {
        last = now.lines;
        setProgress(now);
      });
      save(file, `${name}-${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}.${format}`);
      notifyDone(done(last));
    } catch (error) {
      if (!signal.aborted) notifyFailed(t('export.failed'), t(problemOf(error).message));
    }
    setProgress(null);
  };

  if (progress) {
    return (
      <span className={c.running}>
        <span className="num" role="status">
          {progressText(progress.lines, bytes(progress.bytes))}
        </span>
        <span className={c.bar}>
          <Progress label={t('export.title')} share={undefined} />
        </span>
        <UnstyledButton className={c.tool} onClick={() => stop.current?.abort()}>
          <X size={14} aria-hidden />
          {t('action.cancel')}
        </UnstyledButton>
      </span>
    );
  }
  if (refused !== undefined) {
    return (
      <span className={c.running}>
        <UnstyledButton className={c.tool} disabled aria-describedby={why}>
          <Download size={14} aria-hidden />
          {t('export.title')}
        </UnstyledButton>
        <small id={why}>{refused}</small>
      </span>
    );
  }
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <UnstyledButton className={c.tool}>
          <Download size={14} aria-hidden />
          {t('export.title')}
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => void run('csv')}>{t('export.csv')}</Menu.Item>
        <Menu.Item onClick={() => void run('jsonl')}>{jsonl}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
