import type { Provider } from '@/gen/trunkline/admin/v1/provider_pb';
import c from './import.module.css';
import { QuickRemove } from './QuickRemove';
import { Runs } from './Runs';
import { Schedule } from './Schedule';

/** How the provider's models are imported: schedule and rules, how past imports went, and how to take them back. */
export function ImportsTab({ provider }: { provider: Provider }) {
  return (
    <div className={c.stack}>
      <Runs provider={provider} />
      <div className={c.pair}>
        <Schedule provider={provider} />
        <QuickRemove provider={provider} />
      </div>
    </div>
  );
}
