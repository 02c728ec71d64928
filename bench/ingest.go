package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/trunkline-ai/trunkline/dataplane/uplink/identity"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// ingestScenarios are what it costs to store a call: target S3.
var ingestScenarios = []scenario{{
	name: "ingest", about: "S3: calls that a node ships, 500 at a time, one batch behind the other: CPU of the control plane and of its database for each stored call, sums included",
	metrics: []metric{
		{Name: "CPU/call", Unit: "us"}, {Name: "control plane", Unit: "us"}, {Name: "database", Unit: "us"}, {Name: "time/call", Unit: "us"}, {Name: "peak", Unit: "MB"},
	},
	more:    ingestSystems,
	measure: shipMany,
}}

const (
	shippedBatch = 500
	// shippedBatches are as many calls as a control plane folds into the sums four times.
	shippedBatches = 200
	// shippedFirst make sums and caches what they are later on.
	shippedFirst = 20
)

// ingest is a control plane that stores calls, and the node that ships them.
type ingest struct {
	database *process // nil: it is in the control plane's process
	conn     *grpc.ClientConn
	stream   grpc.BidiStreamingClient[nodev1.ShipCallsRequest, nodev1.ShipCallsResponse]
	sequence uint64
}

func (i *ingest) close() {
	if i.conn != nil {
		_ = i.conn.Close() // nothing is under way
	}
	if i.database != nil {
		i.database.stop()
	}
}

// ingestSystems starts a control plane of each build on SQLite, and on PostgreSQL where that is installed.
func ingestSystems(ctx context.Context, b *bench) (all []*system, err error) {
	server, err := postgresPrograms()
	if err != nil {
		fmt.Fprintln(b.options.progress, "bench: PostgreSQL is not installed and left out")
	}
	for _, of := range b.builds {
		program, err := b.program(ctx, of, commandControl)
		if err != nil {
			return all, err
		}
		if program == "" {
			continue
		}
		for _, kind := range []string{"SQLite", "PostgreSQL"} {
			name := kind
			if of.name != trunkline {
				name = of.name + "-" + kind
			}
			if kind == "PostgreSQL" && server == "" || !b.options.measures(name) {
				continue
			}
			s := &system{name: name, command: commandControl, program: program, ingest: &ingest{}}
			all = append(all, s)
			if err := b.startIngest(ctx, s, kind, server); err != nil {
				return all, fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return all, nil
}

// servingNodes finds the address for nodes in the line that says that the process serves.
var servingNodes = regexp.MustCompile(`msg=serving .*nodes=(\S+)`)

// startIngest starts a database and a control plane on it, joins as a node and ships the first calls.
func (b *bench) startIngest(ctx context.Context, s *system, kind, server string) error {
	dir, err := os.MkdirTemp(b.dir, "ingest-")
	if err != nil {
		return fmt.Errorf("make a directory: %w", err)
	}
	url := "sqlite://" + filepath.Join(dir, "trunkline.db")
	if kind == "PostgreSQL" {
		if s.ingest.database, url, err = b.startPostgres(ctx, server); err != nil {
			return err
		}
	}
	var nodes string
	err = b.cpus.proxy.with(func() (err error) {
		s.process, nodes, err = start(ctx, servingNodes, dir, []string{
			"DATABASE_URL=" + url, "ADMIN_PASSWORD=the password of the bench", "TRUNKLINE_JOIN_TOKEN=" + joinToken,
			"TRUNKLINE_SECRET_KEY=" + base64.StdEncoding.EncodeToString(make([]byte, 32)),
			"TRUNKLINE_LISTEN=127.0.0.1:0", "TRUNKLINE_NODE_LISTEN=127.0.0.1:0", "TRUNKLINE_OPS_LISTEN=127.0.0.1:0", "TRUNKLINE_LOG_LEVEL=info",
		}, s.program)
		return err
	})
	if err != nil {
		return err
	}
	if err := s.ingest.join(ctx, nodes); err != nil {
		return err
	}
	return s.ingest.ship(ctx, shippedFirst)
}

// shippingNode is the name by which the bench ships calls.
const shippingNode = "bench"

// join gets the node its certificate and opens a stream.
func (i *ingest) join(ctx context.Context, target string) error {
	id, err := identity.Open(identity.Config{Node: shippingNode, JoinToken: joinToken, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		return fmt.Errorf("make an identity: %w", err)
	}
	dial := func(c credentials.TransportCredentials) (*grpc.ClientConn, error) {
		return grpc.NewClient(target, grpc.WithTransportCredentials(c))
	}
	if err := id.Join(ctx, dial); err != nil {
		return fmt.Errorf("join: %w", err)
	}
	if i.conn, err = dial(id.Credentials()); err != nil {
		return fmt.Errorf("dial: %w", err)
	}
	i.stream, err = nodev1.NewNodeServiceClient(i.conn).ShipCalls(ctx)
	if err != nil {
		return fmt.Errorf("open a stream of calls: %w", err)
	}
	return nil
}

// ship ships so many batches, each when the one before is stored.
func (i *ingest) ship(ctx context.Context, batches int) error {
	for range batches {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		i.sequence++
		batch := &nodev1.ShipCallsRequest{Node: shippingNode, Sequence: i.sequence, WallUs: time.Now().UnixMicro(), Calls: make([]*nodev1.Call, shippedBatch)}
		for n := range batch.Calls {
			batch.Calls[n] = shippedCall(int(i.sequence)*shippedBatch+n, time.Now())
		}
		if err := i.stream.Send(batch); err != nil {
			return fmt.Errorf("ship calls: %w", err)
		}
		answer, err := i.stream.Recv()
		if err != nil {
			return fmt.Errorf("ship calls: %w", err)
		}
		if answer.GetStored() != shippedBatch {
			return fmt.Errorf("%d of %d calls were stored", answer.GetStored(), shippedBatch)
		}
	}
	return nil
}

// shippedCall is the nth call: of 20 groups with six targets each and 200 API keys, of which one in twelve fails over.
func shippedCall(n int, at time.Time) *nodev1.Call {
	mixed := n * 7919 // a prime: properties do not go together
	group, target := mixed%20, mixed/20%6
	attempt := func(target int, outcome string) *nodev1.Attempt {
		return &nodev1.Attempt{
			Provider: fmt.Sprint("provider-", (group+target)%6), Model: fmt.Sprint("model-", group*3+target/2), Credential: "main", Blame: "none",
			StartOffsetUs: 100, FirstTokenUs: 200_000 + int64(mixed%400_000), DurationUs: 500_000 + int64(mixed%5_000_000), Status: 200, Outcome: outcome,
		}
	}
	c := &nodev1.Call{
		Id: uuid.Must(uuid.NewV7()).String(), StartUs: at.UnixMicro(), Endpoint: "chat", Group: fmt.Sprint("group-", group), Model: fmt.Sprint("group-", group),
		ApiKey: fmt.Sprint("key-", mixed/120%200), Stream: true, Outcome: "ok", Status: 200, FirstTokenUs: 300_000 + int64(mixed%400_000),
		DurationUs: 500_000 + int64(mixed%5_000_000), OverheadUs: 90, Cost: int64(mixed % 1_000_000_000),
		Usage: &nodev1.Usage{InputTokens: int64(mixed % 4000), OutputTokens: int64(mixed % 800), Source: "upstream"},
	}
	if n%12 == 0 {
		c.Attempts = append(c.Attempts, attempt((target+1)%6, []string{"rate_limited", "server_error", "timeout_first_token"}[n/12%3]))
	}
	c.Attempts = append(c.Attempts, attempt(target, "ok"))
	last := c.GetAttempts()[len(c.GetAttempts())-1]
	c.Provider, c.UpstreamModel = last.GetProvider(), last.GetModel()
	return c
}

// shipMany measures both processes while calls are stored.
func shipMany(ctx context.Context, _ *bench, s *system) (values, result, error) {
	if err := forgetPeak(s.pids()); err != nil {
		return nil, result{}, err
	}
	spent := func() (plane, database time.Duration, err error) {
		if plane, err = cpuTime(s.pids()); err != nil || s.ingest.database == nil {
			return plane, 0, err
		}
		database, err = cpuTime(family(s.ingest.database.cmd.Process.Pid))
		return plane, database, err
	}
	plane, database, err := spent()
	if err != nil {
		return nil, result{}, err
	}
	began := time.Now()
	if err := s.ingest.ship(ctx, shippedBatches); err != nil {
		return nil, result{}, err
	}
	took := time.Since(began)
	planeAfter, databaseAfter, err := spent()
	if err != nil {
		return nil, result{}, err
	}
	peak, err := memory(s.pids(), "VmHWM")
	if err != nil {
		return nil, result{}, err
	}
	const calls = shippedBatch * shippedBatches
	v := values{
		"control plane": micro(planeAfter-plane) / calls, "database": micro(databaseAfter-database) / calls,
		"time/call": micro(took) / calls, "peak": mib(peak),
	}
	v["CPU/call"] = v["control plane"] + v["database"]
	return v, result{requests: calls}, nil
}
