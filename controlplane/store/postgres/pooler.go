package postgres

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/trunkline-ai/trunkline/internal/errs"
)

// probeTime bounds each step of the look for a pooler.
const probeTime = 3 * time.Second

// errPooled is what a database behind such a pooler gets.
var errPooled = errs.Newf(errs.FailedPrecondition,
	"the database URL leads to a pooler that shares connections between transactions, such as PgBouncer with pool_mode=transaction or statement: "+
		"notifications, locks and session settings get lost there. Use pool_mode=session for this database, or the address of PostgreSQL itself")

// refusePooler finds out whether transactions of one connection run on several of the server's.
// Two connections begin transactions side by side and end them in the order in which they began, twice
// with one and twice with the other first: a pooler that gives out what came back last moves them in the
// second round, one that takes turns in the third. A server that cannot be asked is no
// reason to refuse it: whatever comes next says why.
func refusePooler(ctx context.Context, config *pgx.ConnConfig) error {
	config = config.Copy()
	config.RuntimeParams["application_name"] += ", looking for a pooler"
	var clients [2]prober
	for i := range clients {
		if err := clients[i].connect(ctx, config); err != nil {
			return nil
		}
		defer clients[i].close(ctx)
	}
	for round := range 4 {
		first, second := &clients[round/2], &clients[1-round/2]
		if err := first.begin(ctx); err != nil {
			return verdict(err)
		}
		err := second.begin(ctx)
		if errors.Is(err, context.DeadlineExceeded) {
			return waited(ctx, config, first)
		}
		if err != nil {
			return verdict(err)
		}
		for _, p := range []*prober{first, second} {
			if err := p.commit(ctx); err != nil {
				return nil
			}
			if p.moved {
				return errPooled
			}
		}
	}
	return nil
}

// waited judges a connection whose transaction did not begin while that of the other one ran: with a
// pool of one it begins when that has ended.
func waited(ctx context.Context, config *pgx.ConnConfig, other *prober) error {
	var again prober
	if other.commit(ctx) != nil || again.connect(ctx, config) != nil {
		return nil
	}
	defer again.close(ctx)
	if again.begin(ctx) != nil || again.commit(ctx) != nil {
		return nil
	}
	return errPooled
}

// verdict judges the error of a transaction's begin.
func verdict(err error) error {
	if strings.Contains(err.Error(), "statement pooling mode") {
		return errPooled
	}
	return nil
}

// prober is a connection that notes whether the process of the server behind it changes.
type prober struct {
	conn  *pgx.Conn
	pid   int
	moved bool
}

func (p *prober) connect(ctx context.Context, config *pgx.ConnConfig) (err error) {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	p.conn, err = pgx.ConnectConfig(ctx, config)
	return err
}

func (p *prober) begin(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	if _, err := p.conn.Exec(ctx, "BEGIN"); err != nil {
		return err
	}
	var pid int
	// The simple protocol: a prepared statement might not be there behind a pooler.
	if err := p.conn.QueryRow(ctx, "SELECT pg_backend_pid()", pgx.QueryExecModeSimpleProtocol).Scan(&pid); err != nil {
		return err
	}
	p.moved = p.moved || p.pid != 0 && p.pid != pid
	p.pid = pid
	return nil
}

func (p *prober) commit(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	_, err := p.conn.Exec(ctx, "COMMIT")
	return err
}

func (p *prober) close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), probeTime)
	defer cancel()
	_ = p.conn.Close(ctx) // nothing was written with it
}
