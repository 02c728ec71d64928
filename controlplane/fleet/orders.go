package fleet

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
)

const (
	// orderTime is how long an order waits for the replica that has the node.
	orderTime = 15 * time.Second
	// obeyedWithin is how long whoever orders waits to hear who was reached.
	obeyedWithin = 3 * time.Second
)

// ResetCooldown ends cooldowns on every connected node: of one model, of one credential, or
// of all that belongs to the provider when both are empty. It returns the names of the nodes
// that have been told, in order: own ones at once, those of other replicas when these say
// so within three seconds.
func (f *Fleet) ResetCooldown(ctx context.Context, provider, model, credential string) (nodes []string) {
	order := Order{Kind: OrderResetCooldown, Provider: provider, Model: model, Credential: credential}
	var told, elsewhere []string
	for _, n := range f.Nodes() {
		switch {
		case f.carryOut(order, n.GetName()):
			told = append(told, n.GetName())
		case n.GetConnected() && n.GetReplica() != f.cfg.Replica:
			elsewhere = append(elsewhere, n.GetName())
		}
	}
	told = append(told, f.order(ctx, order, elsewhere)...)
	slices.Sort(told)
	return told
}

// EndNode ends a node's stream, wherever it is, with a reason that the node is told. It
// reports whether there was one; the node may come back unless something else keeps it out.
func (f *Fleet) EndNode(ctx context.Context, name, reason string) bool {
	order := Order{Kind: OrderEnd, Reason: reason}
	if f.carryOut(order, name) {
		return true
	}
	node, err := f.Node(name)
	if err != nil || !node.GetConnected() {
		return false
	}
	return len(f.order(ctx, order, []string{name})) == 1
}

// order has other replicas carry out an order for nodes of theirs, and returns those for
// which one has.
func (f *Fleet) order(ctx context.Context, order Order, nodes []string) (told []string) {
	if len(nodes) == 0 {
		return nil
	}
	orders := make([]Order, len(nodes))
	for i, name := range nodes {
		orders[i] = order
		orders[i].ID, orders[i].Node, orders[i].ExpiresAt = uuid.Must(uuid.NewV7()).String(), name, f.cfg.Now().Add(orderTime)
	}
	changed, cancel := f.Subscribe()
	defer cancel()
	ctx, stop := context.WithTimeout(ctx, obeyedWithin)
	defer stop()
	f.count.placed.Add(uint64(len(orders)))
	if err := f.cfg.Store.PlaceOrders(ctx, orders); err != nil {
		f.cfg.Logger.Warn("cannot reach nodes of other replicas", "nodes", len(nodes), "order", order.Kind, "error", err)
		return nil
	}
	nudge(f.wake)
	for {
		if told = f.obeyed(orders); len(told) == len(orders) {
			return told
		}
		select {
		case <-ctx.Done():
			f.cfg.Logger.Warn("some replicas did not answer in time", "nodes", len(nodes), "told", len(told), "order", order.Kind)
			return told
		case <-changed:
		}
	}
}

// obeyed lists the nodes whose orders were taken.
func (f *Fleet) obeyed(orders []Order) (nodes []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, o := range orders {
		if f.state.orders[o.ID].TakenBy != "" {
			nodes = append(nodes, o.Node)
		}
	}
	return nodes
}

// obey takes the orders for nodes that are connected here, and carries out those that
// nobody has taken before.
func (f *Fleet) obey(ctx context.Context, orders []Order) error {
	here := map[string]bool{}
	for _, l := range f.cfg.Local.Lines() {
		here[l.Node.GetName()] = l.Node.GetConnected()
	}
	mine := map[string]Order{}
	var ids []string
	for _, o := range orders {
		if o.TakenBy == "" && here[o.Node] {
			mine[o.ID] = o
			ids = append(ids, o.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	taken, err := f.cfg.Store.TakeOrders(ctx, f.cfg.Replica, ids)
	if err != nil {
		return err
	}
	for _, id := range taken {
		if o := mine[id]; f.carryOut(o, o.Node) {
			f.count.obeyed.Add(1)
		}
	}
	return nil
}

// carryOut does what an order says with a node of this replica; false when it is not one.
func (f *Fleet) carryOut(o Order, node string) bool {
	switch o.Kind {
	case OrderResetCooldown:
		return f.cfg.Local.Reset(node, o.Provider, o.Model, o.Credential)
	case OrderEnd:
		return f.cfg.Local.End(node, o.Reason)
	}
	return false // a newer replica's
}
