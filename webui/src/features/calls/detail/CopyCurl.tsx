import { useCall, useGateway } from '@/api/queries';
import { useI18n } from '@/i18n';
import { CopyAction } from '@/ui/Code';
import { callCurl } from './curl';
import { useBody } from './useBody';

/** Copies the call for a shell; with its own body once that was looked at. */
export function CopyCurl({ id }: { id: string }) {
  const { t } = useI18n();
  const gateway = useGateway();
  const call = useCall(id).data?.call;
  const body = useBody(id, false).data?.body;
  if (!call) return null;
  const sent = body && !body.requestTruncated && body.request !== '' ? body.request : undefined;
  return <CopyAction value={callCurl(gateway, call, sent)} label={t('calls.call.copyCurl')} />;
}
