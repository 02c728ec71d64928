import { blockText, useClientSetups } from '@/api/clientSetup';
import {
  type ClientSetup,
  type ClientSetupBlock,
  ClientSetupPlace,
  ClientSetupWarning,
} from '@/gen/trunkline/admin/v1/client_setup_pb';
import { type PlainKey, useI18n } from '@/i18n';
import { CodeBlock } from './Code';
import { CodeTabs } from './CodeTabs';
import { ErrorState, SkeletonRows } from './States';
import c from './ui.module.css';

/** How the clients that people have are set up to call a group; with the key itself where it is known. */
export function ClientSetups({ group, apiKey, secret }: { group: string; apiKey?: string; secret?: string }) {
  const { t } = useI18n();
  const setups = useClientSetups(group, apiKey);
  if (setups.error) return <ErrorState error={setups.error} onRetry={setups.refetch} />;
  if (!setups.data) return <SkeletonRows rows={4} />;
  const labelOf = (setup: ClientSetup, { place, path }: ClientSetupBlock) =>
    ({ [ClientSetupPlace.FILE]: path, [ClientSetupPlace.SETTINGS]: t('setup.settings', { client: setup.title }) })[
      place as number
    ];
  return (
    <CodeTabs
      snippets={setups.data.clientSetups.map((setup) => ({
        id: setup.client,
        label: setup.title,
        blocks: setup.blocks.map((block) => ({ label: labelOf(setup, block), code: blockText(block, secret) })),
        before: setup.warnings.length > 0 && <Warnings setup={setup} />,
        after: (
          <a className={c.snippetDocs} href={setup.docsUrl} target="_blank" rel="noreferrer">
            {t('setup.docs', { client: setup.title })}
          </a>
        ),
      }))}
    />
  );
}

/** A first call to a group from a shell. */
export function FirstCall({ group }: { group: string }) {
  const { t } = useI18n();
  const setups = useClientSetups(group);
  const block = setups.data?.clientSetups.find((s) => s.client === 'curl')?.blocks[0];
  return block ? <CodeBlock label={t('snippet.shell')} code={blockText(block)} /> : <SkeletonRows rows={2} />;
}

const words: Partial<Record<ClientSetupWarning, PlainKey>> = {
  [ClientSetupWarning.GROUP_UNKNOWN]: 'setup.groupUnknown',
  [ClientSetupWarning.GROUP_DISABLED]: 'setup.groupDisabled',
  [ClientSetupWarning.API_KEY_UNKNOWN]: 'setup.keyUnknown',
  [ClientSetupWarning.API_KEY_INACTIVE]: 'setup.keyInactive',
  [ClientSetupWarning.API_KEY_NOT_ALLOWED]: 'setup.keyNotAllowed',
};

/** Why the client would get no answers. */
function Warnings({ setup }: { setup: ClientSetup }) {
  const { t } = useI18n();
  return (
    <ul className={c.snippetWarnings}>
      {setup.warnings.map((warning) => {
        const word = words[warning];
        return (
          <li key={warning}>{word ? t(word) : t('setup.apiNotServed', { client: setup.title, api: setup.api })}</li>
        );
      })}
    </ul>
  );
}
