import { Notices } from '@/app/Notices';
import { Preferences } from '@/ui/Preferences';
import { ShortcutsProvider } from '@/ui/shortcuts';
import { Charts } from './Charts';
import { FieldsDemo } from './FieldsDemo';
import c from './kit.module.css';
import { Parts } from './Parts';
import { TableDemo } from './TableDemo';

/**
 * Every part of src/ui with made-up content, to look at and to test in a browser: `npm run dev`, then
 * /kit. It is in no build, and its own words need no translation.
 */
export function KitPage() {
  return (
    <ShortcutsProvider>
      <main className={c.page}>
        <header className={c.head}>
          <h1>Kit</h1>
          <Preferences />
        </header>
        <Charts />
        <TableDemo />
        <FieldsDemo />
        <Parts />
      </main>
      <Notices />
    </ShortcutsProvider>
  );
}
