package e2e

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/internal/testenv"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

// copyDatabase makes one database of a server the exact copy of another one, as the restore
// of a dump does. Nobody may be connected to either.
func copyDatabase(t *testing.T, serverURL, from, to string) {
	t.Helper()
	u, err := url.Parse(serverURL)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/postgres"
	conn, err := pgx.Connect(t.Context(), u.String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	for _, statement := range []string{
		`DROP DATABASE IF EXISTS ` + pgx.Identifier{to}.Sanitize() + ` WITH (FORCE)`,
		`CREATE DATABASE ` + pgx.Identifier{to}.Sanitize() + ` TEMPLATE ` + pgx.Identifier{from}.Sanitize(),
	} {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// T-C3: PostgreSQL is put back to an older state. No revoked key works on any node, at any
// time; nodes keep the newer configuration until an admin adopts the database.
func TestPostgresIsRestoredToAnOlderState(t *testing.T) {
	t.Parallel()
	server := testenv.NewPostgres(t)
	databaseURL := server.Database(t)
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	database := strings.TrimPrefix(u.Path, "/")
	s, _ := fleetOf(t, databaseURL, nil, nil)
	secrets := map[string]string{}
	create := func(name string) {
		t.Helper()
		created, err := adminv1connect.NewKeyServiceClient(s.rpc()).CreateApiKey(t.Context(), &adminv1.CreateApiKeyRequest{
			ApiKey: &adminv1.ApiKey{Name: name, Groups: []string{"plain"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		secrets[name] = created.GetSecret()
	}
	for _, name := range []string{"revoked", "deleted", "rotated", "kept"} {
		create(name)
	}
	s.awaitNodes(2)
	s.plane.Stop()
	copyDatabase(t, databaseURL, database, "backup")
	s.plane.Run()
	s.awaitNodes(2)

	keys := adminv1connect.NewKeyServiceClient(s.rpc())
	if _, err := keys.DeleteApiKey(t.Context(), &adminv1.DeleteApiKeyRequest{Name: "deleted"}); err != nil {
		t.Fatal(err)
	}
	rotated, err := keys.RotateApiKey(t.Context(), &adminv1.RotateApiKeyRequest{Name: "rotated"})
	if err != nil {
		t.Fatal(err)
	}
	create("made-since")
	if _, err := keys.RevokeApiKey(t.Context(), &adminv1.RevokeApiKeyRequest{Name: "revoked", Wait: durationpb.New(30 * time.Second)}); err != nil {
		t.Fatal(err)
	}
	s.awaitNodes(2)
	gone := []string{secrets["revoked"], secrets["deleted"], secrets["rotated"]}
	refused := func(when string) {
		t.Helper()
		for _, secret := range gone {
			wants(t, when, http.StatusUnauthorized, secret, s.nodes...)
		}
	}
	refused("before")
	// From here on somebody tries the keys that are gone, all the time.
	var tries []*caller
	for _, node := range s.nodes {
		for _, secret := range gone {
			c, _ := s.caller(t, node, secret)
			tries = append(tries, c)
		}
	}

	s.plane.Stop()
	copyDatabase(t, databaseURL, "backup", database)
	s.plane.Run()
	nodes := adminv1connect.NewNodeServiceClient(s.rpc())
	ahead := func(ctx context.Context) bool {
		for _, name := range []string{"node-1", "node-2"} {
			n := s.node(ctx, nodes, name)
			if n == nil || !n.GetLineage().GetAhead() || !strings.Contains(n.GetError(), "VERSION_REGRESSION") {
				return false
			}
		}
		return true
	}
	s.eventually("both nodes are shown as ahead of the database", ahead)
	refused("ahead of the database")
	wants(t, "what the database lost still works", http.StatusOK, secrets["made-since"], s.nodes...)
	wants(t, "what the database lost still works", http.StatusOK, rotated.GetSecret(), s.nodes...)
	// A revocation now reaches nodes that do not believe the database otherwise.
	keys = adminv1connect.NewKeyServiceClient(s.rpc())
	res, err := keys.RevokeApiKey(t.Context(), &adminv1.RevokeApiKeyRequest{Name: "kept"})
	if err != nil {
		t.Fatal(err)
	}
	if got := names(res.GetReceipt().GetUnconfirmed()); !slices.Equal(got, []string{"node-1", "node-2"}) || len(res.GetReceipt().GetConfirmed()) != 0 {
		t.Errorf("the receipt of nodes that are ahead: %v", res.GetReceipt())
	}
	s.eventually("the nodes refuse the key all the same", func(ctx context.Context) bool {
		code, err := statusOf(ctx, s.nodes[0], secrets["kept"], "plain")
		other, err2 := statusOf(ctx, s.nodes[1], secrets["kept"], "plain")
		return err == nil && err2 == nil && code == http.StatusUnauthorized && other == http.StatusUnauthorized
	})
	s.nodes[0].Restart()
	awaitReady(t, s.nodes[0])
	s.eventually("a node that was restarted is ahead too", ahead)
	refused("restarted ahead of the database")

	adopted, err := adminv1connect.NewConfigServiceClient(s.rpc()).AdoptDatabase(t.Context(), &adminv1.AdoptDatabaseRequest{})
	if err != nil {
		t.Fatal(err)
	}
	s.awaitNodes(2)
	refused("adopted")
	wants(t, "adopted", http.StatusOK, appKey, s.nodes...)
	wants(t, "what the adopted database never had", http.StatusUnauthorized, secrets["made-since"], s.nodes...)
	kept := func(want ...string) {
		t.Helper()
		s.eventually("nodes tell which keys they refuse against the database: "+strings.Join(want, ", "), func(ctx context.Context) bool {
			for _, name := range []string{"node-1", "node-2"} {
				l := s.node(ctx, nodes, name).GetLineage()
				if l.GetAhead() || l.GetLineage() != adopted.GetLineage() || int(l.GetKeptRevocationCount()) != len(want) || !slices.Equal(l.GetKeptRevocations(), want) {
					return false
				}
			}
			return true
		})
	}
	kept("deleted", "revoked", "rotated")
	for _, node := range s.nodes {
		node.Restart()
		awaitReady(t, node)
	}
	s.awaitNodes(2)
	refused("restarted with the adopted database")
	kept("deleted", "revoked", "rotated")

	// An admin decides about each: one is to work again, the others stay what they were.
	keys = adminv1connect.NewKeyServiceClient(s.rpc())
	fresh, err := keys.RotateApiKey(t.Context(), &adminv1.RotateApiKeyRequest{Name: "rotated"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keys.DeleteApiKey(t.Context(), &adminv1.DeleteApiKeyRequest{Name: "deleted"}); err != nil {
		t.Fatal(err)
	}
	again, err := keys.RevokeApiKey(t.Context(), &adminv1.RevokeApiKeyRequest{Name: "revoked", Wait: durationpb.New(30 * time.Second)})
	if err != nil || len(again.GetReceipt().GetConfirmed()) != 2 {
		t.Errorf("revoked in the adopted database: %v, %v", again.GetReceipt(), err)
	}
	s.awaitNodes(2)
	kept()
	wants(t, "rotated once more", http.StatusOK, fresh.GetSecret(), s.nodes...)
	refused("at the end")
	for i, c := range tries {
		if len(c.good) > 0 {
			t.Errorf("try %d: %d calls with a key that was gone were answered", i, len(c.good))
		}
	}
}
