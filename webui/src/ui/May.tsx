import type { DescMethod } from '@bufbuild/protobuf';
import type { ReactNode } from 'react';
import { useMay } from '@/api/role';

/** A control that leads to a call of the method, for those who may make it; nobody else sees it. */
export function May({ call, children }: { call: DescMethod; children: ReactNode }) {
  const may = useMay();
  return may(call) ? children : null;
}
