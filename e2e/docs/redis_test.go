package docs

import (
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/trunkline-ai/trunkline/dataplane/health"
	"github.com/trunkline-ai/trunkline/dataplane/limits"
	"github.com/trunkline-ai/trunkline/dataplane/redis"
	"github.com/trunkline-ai/trunkline/dataplane/revocation"
	"github.com/trunkline-ai/trunkline/internal/testenv"
)

// TestTheRedisUserOfTheDocuments makes the user that docs/operations.md describes, and has a node
// run each of its scripts as that user.
func TestTheRedisUserOfTheDocuments(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "operations.md"))
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^ACL SETUSER trunkline on (.+)$`).FindSubmatch(text)
	if line == nil {
		t.Fatal("docs/operations.md describes no user")
	}
	rules := strings.Fields(string(line[1]))
	server := testenv.Redis(t)
	root := goredis.NewClient(&goredis.Options{Addr: server.Addr})
	t.Cleanup(func() { _ = root.Close() })
	if err := root.ACLSetUser(t.Context(), "trunkline", append([]string{"on"}, rules...)...).Err(); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	c, err := redis.New(redis.Config{URL: "redis://trunkline:password@" + server.Addr + "/0", Logger: log, RetryEvery: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	if _, err := health.NewShared(health.SharedConfig{Config: health.Config{Logger: log}, Redis: c}); err != nil {
		t.Fatal(err)
	}
	limits.New(limits.Config{Redis: c, Logger: log})
	revocation.NewBroadcast(revocation.BroadcastConfig{Redis: c, Learn: func([]revocation.Revocation) {}, All: func() []revocation.Revocation { return nil }})
	for deadline := time.Now().Add(30 * time.Second); !c.Up() && time.Now().Before(deadline); {
		if wait := c.Connect(t.Context()); c.State() == "denied" {
			break
		} else {
			time.Sleep(wait)
		}
	}
	if !c.Up() {
		t.Fatalf("Redis is %s for the user of the documents: %s", c.State(), c.Trouble())
	}
	for name := range commandsOfScripts(t) {
		if !strings.Contains(" "+strings.Join(rules, " ")+" ", " +"+strings.ToLower(name)+" ") {
			t.Errorf("a script uses %s, which the user of the documents may not", name)
		}
	}
}

// commandsOfScripts are the commands that our scripts run, in branches that no test takes too.
func commandsOfScripts(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	call := regexp.MustCompile(`redis\.p?call\('([A-Za-z]+)'`)
	err := filepath.WalkDir(filepath.Join("..", "..", "dataplane"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".lua") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range call.FindAllSubmatch(text, -1) {
			names[string(m[1])] = true
		}
		return err
	})
	if err != nil || len(names) < 10 {
		t.Fatalf("%d commands found, %v", len(names), err)
	}
	return names
}
