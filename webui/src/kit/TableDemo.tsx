import { Link } from '@tanstack/react-router';
import { Boxes } from 'lucide-react';
import { useState } from 'react';
import { useI18n } from '@/i18n';
import { HealthPill } from '@/ui/HealthPill';
import type { Order } from '@/ui/order';
import { EmptyState } from '@/ui/States';
import type { Column } from '@/ui/table/column';
import { DataTable } from '@/ui/table/DataTable';

type Row = { name: string; model: string; requests: number; failures: number; cost: number };
const all: Row[] = Array.from({ length: 3000 }, (_, i) => ({
  name: `provider-${i}`,
  model: ['gpt-5.2', 'claude-opus-5', 'gemini-3-pro'][i % 3] ?? '',
  requests: (i * 7919) % 100_000,
  failures: (i * 31) % 97,
  cost: (i * 13) % 500,
}));

export function TableDemo() {
  const { int, usdShort } = useI18n();
  const [order, setOrder] = useState<Order>({ by: 'name', desc: false });
  const columns: Column<Row>[] = [
    { id: 'name', title: 'Name', sort: 'name', cell: (r) => r.name },
    { id: 'state', title: 'State', cell: (r) => <HealthPill state={r.failures > 80 ? 'degraded' : 'healthy'} /> },
    { id: 'model', title: 'Model', cell: (r) => <span className="mono">{r.model}</span> },
    {
      id: 'requests',
      title: 'Requests',
      align: 'right',
      sort: 'requests',
      descFirst: true,
      cell: (r) => int(r.requests),
    },
    {
      id: 'failures',
      title: 'Failures',
      align: 'right',
      sort: 'failures',
      descFirst: true,
      cell: (r) => int(r.failures),
      phone: 'hide',
    },
    { id: 'cost', title: 'Cost', align: 'right', optional: true, cell: (r) => usdShort(r.cost) },
  ];
  const by = order.by as keyof Row;
  const sorted = [...all].sort((a, b) => (a[by] < b[by] ? -1 : 1) * (order.desc ? -1 : 1));
  const props = {
    columns,
    rowKey: (r: Row) => r.name,
    order,
    onOrder: setOrder,
    rowLink: (r: Row, content: React.ReactNode, className: string | undefined) => (
      <Link to="/providers" search={{ provider: r.name }} className={className}>
        {content}
      </Link>
    ),
    empty: <EmptyState icon={<Boxes size={22} aria-hidden />} title="Nothing here yet" />,
  };
  return (
    <>
      <DataTable
        {...props}
        label="Few providers"
        rows={sorted.slice(0, 5)}
        remember="kit"
        tools="5 providers"
        current="provider-1"
        more={{ label: '', load: () => undefined, busy: false }}
      />
      <DataTable {...props} label="Many providers" rows={sorted} tools={`${int(sorted.length)} providers`} />
      <DataTable {...props} label="No providers" rows={[]} />
    </>
  );
}
