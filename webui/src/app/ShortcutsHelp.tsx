import { type PlainKey, useI18n } from '@/i18n';
import { Dialog } from '@/ui/Dialog';
import { Keys } from '@/ui/Kbd';
import { type Shortcut, useShortcuts } from '@/ui/shortcuts';
import c from './shortcutsHelp.module.css';

const PARTS = [
  { part: 'page', word: 'shortcuts.page' },
  { part: 'any', word: 'shortcuts.any' },
  { part: 'go', word: 'shortcuts.go' },
] as const satisfies readonly { part: Shortcut['part']; word: PlainKey }[];

/** Every shortcut that works on this page. */
export function ShortcutsHelp({ onClose }: { onClose: () => void }) {
  const { t } = useI18n();
  const all = useShortcuts();
  return (
    <Dialog opened title={t('shortcuts.title')} onClose={onClose} size={520}>
      <div className={c.parts}>
        {PARTS.map(({ part, word }) => {
          const mine = all.filter((s) => s.part === part);
          if (mine.length === 0) return null;
          return (
            <section key={part}>
              <h3>{t(word)}</h3>
              <dl>
                {mine.map((s) => (
                  <div key={s.keys}>
                    <dt>{s.what}</dt>
                    <dd>
                      <Keys keys={s.keys} />
                    </dd>
                  </div>
                ))}
              </dl>
            </section>
          );
        })}
      </div>
    </Dialog>
  );
}
