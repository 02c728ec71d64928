package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"

	"github.com/trunkline-ai/trunkline/dataplane/uplink/identity"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

const (
	// fleetGroups are what the keys may use.
	fleetGroups   = 200
	fleetPassword = "the password of the bench"
)

// fleetSystems starts a control plane of each build on PostgreSQL where that is installed, else on SQLite.
func fleetSystems(ctx context.Context, b *bench) (all []*system, err error) {
	server, err := postgresPrograms()
	if err != nil {
		fmt.Fprintln(b.options.progress, "bench: PostgreSQL is not installed: control planes are on SQLite")
	}
	for _, of := range b.builds {
		name := "control plane"
		if of.name != trunkline {
			name = of.name + "-" + name
		}
		program, err := b.program(ctx, of, commandControl)
		if err != nil {
			return all, err
		}
		if program == "" || !b.options.measures(name) {
			continue
		}
		running, stop := context.WithCancel(context.Background())
		s := &system{name: name, command: commandControl, program: program, fleet: &fleet{
			keys: b.options.keys, stop: stop, applied: map[string]uint64{}, at: map[string]time.Time{}, news: make(chan struct{}, 1),
		}}
		all = append(all, s)
		if err := b.startFleet(ctx, running, s, server); err != nil {
			return all, fmt.Errorf("%s: %w", name, err)
		}
	}
	return all, nil
}

// servingAll finds the addresses in the line that says that a control plane serves.
var servingAll = regexp.MustCompile(`msg=serving console=(\S+ nodes=\S+ ops=\S+)`)

// startFleet starts a control plane, configures it and connects the nodes.
func (b *bench) startFleet(ctx, running context.Context, s *system, server string) (err error) {
	dir, err := os.MkdirTemp(b.dir, "fleet-")
	if err != nil {
		return fmt.Errorf("make a directory: %w", err)
	}
	url := "sqlite:///" + dir + "/trunkline.db"
	if server != "" {
		if s.fleet.database, url, err = b.startPostgres(ctx, server); err != nil {
			return err
		}
	}
	var at string
	err = b.cpus.proxy.with(func() (err error) {
		s.process, at, err = start(ctx, servingAll, dir, []string{
			"DATABASE_URL=" + url, "ADMIN_PASSWORD=" + fleetPassword, "TRUNKLINE_JOIN_TOKEN=" + joinToken,
			"TRUNKLINE_SECRET_KEY=" + base64.StdEncoding.EncodeToString(make([]byte, 32)),
			"TRUNKLINE_LISTEN=127.0.0.1:0", "TRUNKLINE_NODE_LISTEN=127.0.0.1:0", "TRUNKLINE_OPS_LISTEN=127.0.0.1:0", "TRUNKLINE_LOG_LEVEL=info",
		}, s.program)
		return err
	})
	if err != nil {
		return err
	}
	address := strings.Fields(at)
	f := s.fleet
	f.ops = strings.TrimPrefix(address[2], "ops=")
	if err := f.configure(ctx, address[0]); err != nil {
		return err
	}
	for i := range b.options.nodes {
		n := &fleetNode{name: fmt.Sprintf("node-%04d", i), target: strings.TrimPrefix(address[1], "nodes="), fleet: f, began: time.Now()}
		if n.identity, err = identity.Open(identity.Config{Node: n.name, JoinToken: joinToken, Logger: slog.New(slog.DiscardHandler)}); err != nil {
			return err
		}
		if err := n.identity.Join(ctx, n.dial); err != nil {
			return fmt.Errorf("join %s: %w", n.name, err)
		}
		f.running.Go(func() { n.run(running) })
	}
	revision, err := f.revision(ctx)
	if err != nil {
		return err
	}
	_, err = f.await(ctx, revision, b.options.nodes, time.Now())
	return err
}

// configure makes the groups and keys.
func (f *fleet) configure(ctx context.Context, console string) error {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	f.admin = connect.NewClient(connecthttp.NewTransport(&http.Client{Jar: jar, Timeout: 5 * time.Minute}, console))
	if _, err := adminv1connect.NewSessionServiceClient(f.admin).Login(ctx, &adminv1.LoginRequest{Username: "admin", Password: fleetPassword}); err != nil {
		return fmt.Errorf("sign in: %w", err)
	}
	all := []*adminv1.Resource{{Spec: &adminv1.Resource_Provider{Provider: &adminv1.Provider{
		Name: "main", BaseUrl: "https://api.example.com/v1", Models: []*adminv1.Model{{Id: modelPlain}},
		Credentials: []*adminv1.Credential{{Name: "main", Secret: "sk-upstream"}},
	}}}}
	for i := range fleetGroups {
		all = append(all, &adminv1.Resource{Spec: &adminv1.Resource_Group{Group: &adminv1.Group{
			Name: fleetGroup(i), Members: []*adminv1.Member{{Provider: "main", Model: modelPlain, Priority: 1}},
		}}})
	}
	for i := range f.keys {
		all = append(all, &adminv1.Resource{Spec: &adminv1.Resource_ApiKey{ApiKey: fleetKey(i, i)}})
	}
	for part := range slices.Chunk(all, 10_000) {
		if _, err := adminv1connect.NewConfigServiceClient(f.admin).ApplyConfig(ctx, &adminv1.ApplyConfigRequest{Resources: part}); err != nil {
			return fmt.Errorf("configure: %w", err)
		}
	}
	return nil
}

func fleetGroup(i int) string { return fmt.Sprintf("group-%03d", i%fleetGroups) }

// fleetKey is a key that may use two groups.
func fleetKey(i, group int) *adminv1.ApiKey {
	return &adminv1.ApiKey{Name: fmt.Sprintf("key-%06d", i), Secret: fmt.Sprintf("a-secret-of-key-%08d", i), Groups: []string{fleetGroup(group), fleetGroup(group + 1)}}
}
