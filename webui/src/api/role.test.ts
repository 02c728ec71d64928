import type { DescMethod } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { AuditService } from '@/gen/trunkline/admin/v1/audit_pb';
import { GroupService } from '@/gen/trunkline/admin/v1/group_pb';
import { NodeService } from '@/gen/trunkline/admin/v1/node_pb';
import { Role } from '@/gen/trunkline/admin/v1/role_pb';
import { SessionService } from '@/gen/trunkline/admin/v1/session_pb';
import { roleFor } from './role';

test('the role that a method takes is what its proto says', () => {
  expect(roleFor(GroupService.method.listGroups)).toBe(Role.VIEWER);
  expect(roleFor(GroupService.method.updateGroup)).toBe(Role.OPERATOR);
  expect(roleFor(NodeService.method.createJoinToken)).toBe(Role.OWNER);
  expect(roleFor(AuditService.method.exportAuditEvents), 'a stream').toBe(Role.OWNER);
  expect(roleFor(SessionService.method.login), 'before signing in').toBe(Role.UNSPECIFIED);
});

const files = import.meta.glob<Record<string, unknown>>('../gen/trunkline/admin/v1/*_pb.ts', { eager: true });

test('every method of the admin API takes a role, or is called before signing in', () => {
  const methods = Object.values(files).flatMap((file) => Object.values(file).flatMap(methodsOf));
  expect(methods.length).toBeGreaterThan(90);
  const open = methods.filter((method) => roleFor(method) === Role.UNSPECIFIED).map((method) => method.name);
  expect(open.sort()).toEqual(['BeginOidc', 'FinishOidc', 'GetSignInMethods', 'Login']);
});

/** The methods of a descriptor, if it is one of a service. */
function methodsOf(one: unknown): readonly DescMethod[] {
  const isService = typeof one === 'object' && one !== null && 'kind' in one && one.kind === 'service';
  return isService ? (one as unknown as { methods: DescMethod[] }).methods : [];
}
