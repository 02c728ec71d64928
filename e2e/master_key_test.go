package e2e

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/trunkline-ai/trunkline/internal/testenv"
	"github.com/trunkline-ai/trunkline/internal/testenv/program"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

// sealing are two replicas of a control plane on one database and two nodes, under load.
type sealing struct {
	*stack
	replicas [2]*program.Process
	database string
	load     *load
}

var oldKey, newKey = masterKey("old"), masterKey("new")

func masterKey(text string) string {
	return base64.StdEncoding.EncodeToString([]byte(strings.Repeat(text+".", 32)[:32]))
}

func newSealing(t *testing.T, keys string) *sealing {
	t.Helper()
	return newSealingOf(t, func(s *sealing, _ int) []string { return s.env(keys) })
}

// newSealingOf is newSealing with an environment for each replica.
func newSealingOf(t *testing.T, env func(s *sealing, replica int) []string) *sealing {
	t.Helper()
	s := &sealing{stack: newStack(t), database: testenv.Postgres(t)}
	for i := range s.replicas {
		s.replicas[i] = programs.Start(t, "trunkline-controlplane", env(s, i),
			"--listen", anyPort, "--node-listen", anyPort, "--ops-listen", anyPort, "--apply", s.config)
	}
	s.plane, s.admin = s.replicas[0], s.replicas[0].Address("console")
	for i := range 2 {
		s.nodes = append(s.nodes, programs.Start(t, "trunkline-dataplane", []string{
			"TRUNKLINE_CONTROL_PLANE=" + s.replicas[0].Address("nodes") + "," + s.replicas[1].Address("nodes"),
			"TRUNKLINE_JOIN_TOKEN=" + joinToken, "TRUNKLINE_DRAIN_DELAY=0s",
		}, "--listen", anyPort, "--ops-listen", anyPort, "--node", fmt.Sprintf("node-%d", i+1)))
	}
	s.awaitNodes(2)
	s.api = s.balance()
	s.load = newLoad(t, s.stack, "plain")
	return s
}

func (s *sealing) env(keys string) []string {
	return []string{
		"ADMIN_PASSWORD=" + adminPassword, "UPSTREAM_KEY=up-secret", "DATABASE_URL=" + s.database,
		"TRUNKLINE_SECRET_KEY=" + keys, "TRUNKLINE_JOIN_TOKEN=" + joinToken,
	}
}

// restart gives replicas keys, one after the other.
func (s *sealing) restart(keys string) {
	for _, r := range s.replicas {
		r.Env = s.env(keys)
		r.Restart()
	}
}

func (s *sealing) masterKeys() adminv1connect.MasterKeyServiceClient {
	return adminv1connect.NewMasterKeyServiceClient(s.rpc())
}

func (s *sealing) status(ctx context.Context) *adminv1.ListMasterKeysResponse {
	s.t.Helper()
	st, err := s.masterKeys().ListMasterKeys(ctx, &adminv1.ListMasterKeysRequest{})
	if err != nil {
		s.t.Fatal(err)
	}
	return st
}

// credentials makes a provider with so many keys.
func (s *sealing) credentials(name string, n int) {
	s.t.Helper()
	p := &adminv1.Provider{Name: name, BaseUrl: "https://" + name + ".example/v1"}
	for i := range n {
		p.Credentials = append(p.Credentials, &adminv1.Credential{Name: fmt.Sprint(i), Secret: fmt.Sprint("sk-", name, i)})
	}
	if _, err := adminv1connect.NewProviderServiceClient(s.rpc()).CreateProvider(s.t.Context(), &adminv1.CreateProviderRequest{Provider: p}); err != nil {
		s.t.Fatal(err)
	}
}

// The master key is rotated while calls flow and credentials change, on two replicas that are both
// killed in the middle of it; then the old key is taken away. No call fails.
func TestTheMasterKeyIsRotatedUnderLoad(t *testing.T) {
	t.Parallel()
	s := newSealing(t, oldKey)
	s.credentials("many", 300)
	old := s.status(t.Context()).GetMasterKeys()[0].GetId()

	// A replica that lacks the new key keeps the others from using it.
	s.replicas[0].Env = s.env(oldKey + "\n" + newKey)
	s.replicas[0].Restart()
	given := s.status(t.Context()).GetMasterKeys()
	if len(given) != 2 || given[0].GetId() != old || given[1].GetSecretCount() != 0 {
		t.Fatalf("master keys are %v", given)
	}
	next := given[1].GetId()
	s.eventually("the replica without the new key is known", func(ctx context.Context) bool {
		for _, k := range s.status(ctx).GetMasterKeys() {
			if k.GetId() == next && len(k.GetLackingReplicas()) > 0 {
				return true
			}
		}
		return false
	})
	if _, err := s.masterKeys().RotateMasterKey(t.Context(), &adminv1.RotateMasterKeyRequest{Id: next}); err == nil || !strings.Contains(err.Error(), "lack master key "+next) {
		t.Fatalf("rotated although a replica lacks the key: %v", err)
	}
	s.restart(oldKey + "\n" + newKey)
	s.eventually("every replica has the new key", func(ctx context.Context) bool {
		for _, k := range s.status(ctx).GetMasterKeys() {
			if len(k.GetLackingReplicas()) > 0 {
				return false
			}
		}
		return true
	})

	// The last secret is held by a transaction, so the rotation waits in the middle of it.
	conn, err := pgx.Connect(t.Context(), s.database)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `SELECT ref FROM secret WHERE ref = 'system/node-authority' FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	if _, err := s.masterKeys().RotateMasterKey(t.Context(), &adminv1.RotateMasterKeyRequest{Id: next}); err != nil {
		t.Fatal(err)
	}
	s.eventually("some secrets are under the new key", func(ctx context.Context) bool {
		st := s.status(ctx)
		return st.GetPendingCount() > 0 && st.GetPendingCount() < st.GetSecretCount()/2
	})
	// Credentials change meanwhile.
	s.change(t, "during")
	for _, r := range s.replicas {
		r.Kill()
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	var pending int
	if err := conn.QueryRow(t.Context(), `SELECT count(*) FROM secret WHERE position($1::bytea IN ciphertext) = 0`, []byte(next)).Scan(&pending); err != nil || pending == 0 {
		t.Fatalf("%d secrets are pending after the kill, %v; want some", pending, err)
	}
	// Without the old key nobody starts now, and is told which one it lacks.
	s.refuses(newKey, old)
	var wg sync.WaitGroup
	for _, r := range s.replicas {
		wg.Go(r.Run)
	}
	wg.Wait()
	s.eventually("every secret is under the new key", func(ctx context.Context) bool { return s.status(ctx).GetPendingCount() == 0 })
	s.restart(newKey)
	s.change(t, "after")
	s.awaitNodes(2)
	if st := s.status(t.Context()); len(st.GetMasterKeys()) != 1 || st.GetMasterKeys()[0].GetId() != next || st.GetInUseBy() != "user:admin" {
		t.Errorf("in the end there are %v", st)
	}
	unreadable, err := s.masterKeys().ListUnreadableSecrets(t.Context(), &adminv1.ListUnreadableSecretsRequest{})
	if err != nil || len(unreadable.GetSecrets()) != 0 {
		t.Errorf("unreadable are %v, %v", unreadable, err)
	}
	s.load.more(s.stack, 20)
	s.load.end()
	if n := s.load.failed.Load(); n != 0 {
		t.Errorf("%d calls failed, want none of %d", n, s.load.answered())
	}
	s.refuses(oldKey, next)
}

// change gives the provider that is called another credential.
func (s *sealing) change(t *testing.T, secret string) {
	t.Helper()
	_, err := adminv1connect.NewProviderServiceClient(s.rpc()).UpdateProvider(t.Context(), &adminv1.UpdateProviderRequest{
		Provider:   &adminv1.Provider{Name: "good", Credentials: []*adminv1.Credential{{Name: "main", Secret: "up-" + secret}}},
		UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"credentials"}},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// refuses checks that a control plane with those keys does not start, and names the one it lacks.
func (s *sealing) refuses(keys, lacking string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, programs.Path(s.t, "trunkline-controlplane"), "--listen", anyPort, "--node-listen", anyPort, "--ops-listen", anyPort)
	cmd.Dir, cmd.Env = s.t.TempDir(), s.env(keys)
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), lacking) || !strings.Contains(string(out), "TRUNKLINE_SECRET_KEY") {
		s.t.Errorf("a control plane without master key %s: %v\n%s", lacking, err, out)
	}
}

// Replicas whose master keys lie in files take a new key, and give up an old one, without a restart.
func TestMasterKeysInFilesAreRotatedWithoutARestart(t *testing.T) {
	t.Parallel()
	files := []string{filepath.Join(t.TempDir(), "secret-key"), filepath.Join(t.TempDir(), "secret-key")}
	hold := func(i int, keys string) {
		t.Helper()
		if err := os.WriteFile(files[i], []byte(keys+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := newSealingOf(t, func(s *sealing, i int) []string {
		hold(i, oldKey)
		env := slices.DeleteFunc(s.env(""), func(v string) bool { return strings.HasPrefix(v, "TRUNKLINE_SECRET_KEY=") })
		return append(env, "TRUNKLINE_SECRET_KEY_FILE="+files[i])
	})
	old := s.status(t.Context()).GetMasterKeys()[0].GetId()
	ids := func(ctx context.Context) (given []string, lacking int) {
		for _, k := range s.status(ctx).GetMasterKeys() {
			given, lacking = append(given, k.GetId()), lacking+len(k.GetLackingReplicas())
		}
		return given, lacking
	}
	for i := range files {
		hold(i, oldKey+"\n"+newKey)
	}
	s.eventually("every replica has both keys", func(ctx context.Context) bool {
		given, lacking := ids(ctx)
		return len(given) == 2 && lacking == 0
	})
	given, _ := ids(t.Context())
	s.operate("master-keys", "rotate", given[1])
	for i := range files {
		hold(i, newKey)
	}
	s.eventually("the old key is given up", func(ctx context.Context) bool {
		now, lacking := ids(ctx)
		return len(now) == 1 && now[0] == given[1] && now[0] != old && lacking == 0
	})
	s.change(t, "after")
	s.load.more(s.stack, 20)
	s.load.end()
	if n := s.load.failed.Load(); n != 0 {
		t.Errorf("%d calls failed, want none of %d", n, s.load.answered())
	}
	for _, r := range s.replicas {
		if log := r.Log(); strings.Count(log, "msg=serving ") != 1 || !strings.Contains(log, "master keys reloaded") {
			t.Errorf("a replica was started again, or read nothing:\n%s", log)
		}
	}
}

// The only master key is lost: the control plane starts with another one when told so, says what must
// be given again, and serves it when it is.
func TestALostMasterKeyIsRecoveredFrom(t *testing.T) {
	t.Parallel()
	s := newSealing(t, oldKey)
	s.load.more(s.stack, 5)
	s.load.end()
	lost := s.status(t.Context()).GetMasterKeys()[0].GetId()
	for _, r := range s.replicas {
		r.Kill()
	}
	s.refuses(newKey, lost)
	s.replicas[0].Env = append(s.env(newKey), "TRUNKLINE_LOST_MASTER_KEYS="+lost)
	s.replicas[0].Run()
	unreadable := s.operate("master-keys", "list-unreadable-secrets")
	if strings.Count(unreadable, lost) != strings.Count(upstreams("", ""), "kind: Provider") || !strings.Contains(unreadable, "good") || strings.Contains(unreadable, "system") {
		t.Errorf("unreadable are:\n%s", unreadable)
	}
	s.change(t, "again")
	if again := s.operate("master-keys", "list-unreadable-secrets"); strings.Contains(again, "good") {
		t.Errorf("still unreadable:\n%s", again)
	}
	// Nodes join again, and API keys get new secrets.
	rotated, err := adminv1connect.NewKeyServiceClient(s.rpc()).RotateApiKey(t.Context(), &adminv1.RotateApiKeyRequest{Name: "app"})
	if err != nil {
		t.Fatal(err)
	}
	node := s.joiner("node-3", joinToken)
	s.eventually("the new key is served", func(ctx context.Context) bool {
		code, err := statusOf(ctx, node, rotated.GetSecret(), "plain")
		return err == nil && code == 200
	})
}
