import { type DescMethod, getOption } from '@bufbuild/protobuf';
import { Role, required_role } from '@/gen/trunkline/admin/v1/role_pb';
import { useWhoAmI } from './session';

/** The least role that may call a method: what its proto says, which the server goes by too. */
export const roleFor = (method: DescMethod): Role => getOption(method, required_role);

/**
 * Tells which methods the signed-in person may call, so that only what they may do is offered. The server judges
 * each call all the same. For a control by itself there is ui/May, for a form ui/fields/Editable, for a page ui/ForRole,
 * and useAction(method).allowed.
 */
export function useMay(): (method: DescMethod) => boolean {
  const role = useWhoAmI().data?.role ?? Role.UNSPECIFIED;
  return (method) => role >= roleFor(method);
}
