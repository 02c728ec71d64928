/** What a list is sorted by, as the API writes it: "cost desc". */
export type Order = { by: string; desc: boolean };

export function parseOrder(text: string | undefined, otherwise: Order): Order {
  const [by, direction] = (text ?? '').trim().split(/\s+/);
  return by ? { by, desc: direction === 'desc' } : otherwise;
}

export const orderText = ({ by, desc }: Order) => (desc ? `${by} desc` : by);

/** A click on a column: the other way round when it is the one, else its own first way. */
export function nextOrder(now: Order, by: string, descFirst: boolean): Order {
  return now.by === by ? { by, desc: !now.desc } : { by, desc: descFirst };
}
