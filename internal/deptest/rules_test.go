package deptest

import "slices"

// rule forbids imports. Patterns are paths below the module's root, or whole import paths
// of libraries; a trailing /... takes in everything below.
type rule struct {
	from   []string // packages that the rule binds
	except []string // but not these
	never  []string // what they must not import
	unless []string // but this they may
	tests  bool     // binds their tests too
	why    string
}

var (
	controlPlane = []string{"controlplane/..."}
	dataPlane    = []string{"dataplane/..."}
	everything   = []string{"..."}

	// folders are the module's top folders with Go code.
	folders = []string{"controlplane", "dataplane", "internal", "proto", "webui", "cli", "cmd", "e2e", "bench"}

	// ours is every package of the module but the generated ones and the leaves.
	ours = []string{"controlplane/...", "dataplane/...", "webui/...", "cli/...", "cmd/...", "e2e/...", "bench/..."}

	sqlDrivers = []string{
		"github.com/jackc/pgx/...",
		"github.com/pressly/goose/...",
		"modernc.org/sqlite/...",
		"github.com/mattn/go-sqlite3/...",
		"github.com/lib/pq/...",
	}
	sqlServers = slices.DeleteFunc(slices.Clone(sqlDrivers), func(p string) bool { return p == "modernc.org/sqlite/..." })
	redis      = []string{"github.com/redis/go-redis/..."}

	// harness is what only tests may use.
	harness = []string{"internal/testenv/...", "controlplane/store/storetest/...", "dataplane/health/healthtest/...", "internal/outbound/proxytest"}
)

// rules are about direct imports.
var rules = []rule{
	{
		from: controlPlane, never: dataPlane, tests: true,
		why: "the planes are released apart: their contract is proto/trunkline/node/v1",
	},
	{
		from: dataPlane, never: controlPlane, tests: true,
		why: "the planes are released apart: their contract is proto/trunkline/node/v1",
	},
	{
		from: []string{"controlplane", "dataplane"}, never: ours,
		why: "the nouns say what the product is and know no part; every part knows them",
	},
	{
		from: []string{"dataplane/classify", "dataplane/wire/..."}, never: ours,
		unless: []string{"dataplane", "dataplane/wire/...", "dataplane/classify"},
		why:    "what is known of APIs and of errors is pure: it knows nouns, and no call",
	},
	{
		from: []string{"dataplane/proxy/engine"}, never: []string{"dataplane/proxy"},
		why: "the engine gets a request that was checked and read: it knows nothing of the edge",
	},
	{
		from: []string{"dataplane/proxy/body"}, never: []string{"dataplane/proxy", "dataplane/proxy/engine"},
		why: "bodies are read before anybody knows what becomes of them",
	},
	{
		from: []string{"dataplane/proxy/affinity", "dataplane/proxy/learned"}, never: []string{"dataplane/proxy", "dataplane/proxy/engine"},
		why: "what a node remembers knows no call",
	},
	{
		from: []string{"internal/..."}, except: []string{"internal/allinone/..."}, never: ours, tests: true,
		why: "a leaf that both planes use must not tie them together",
	},
	{
		from: everything, except: []string{"cmd/..."}, never: []string{"cmd/..."}, tests: true,
		why: "commands are small mains: what others need of them belongs into a package",
	},
	{
		from: everything, except: []string{"controlplane/store/...", "cli/takeover/sqlitefile", "internal/testenv", "e2e/..."},
		never: concat(sqlDrivers, []string{"database/sql"}),
		why:   "SQL is spoken in one place: controlplane/store; the CLI reads files of other gateways in cli/takeover/sqlitefile",
	},
	{
		from: everything, except: []string{"dataplane/redis", "internal/testenv", "e2e/..."},
		never: redis,
		why:   "a node has one connection to Redis, and one breaker that says whether it is there: dataplane/redis",
	},
	{
		from: everything, except: []string{"controlplane/server", "webui/...", "cmd/...", "e2e/..."}, never: []string{"webui/..."},
		why: "the console is served by the control plane's wiring",
	},
	{
		from: everything, except: append([]string{"e2e/...", "bench/..."}, harness...), never: harness,
		why: "what starts servers for tests has no place in a program",
	},
	{
		from: []string{"proto/gen/..."}, except: []string{"proto/gen/trunkline/admin/v1/adminv1cli"},
		never: everything, unless: []string{"proto/gen/..."},
		why: "the contract stands on nothing of ours",
	},
}

// isolated names folders whose parts never import each other, tests aside; a plane's parts
// meet in its wiring.
var isolated = []isolation{
	{
		folder: "controlplane", wiring: "controlplane/server", shared: []string{"controlplane/audit", "controlplane/validation"},
		rooms: []string{
			"controlplane/access", "controlplane/access/oidc", "controlplane/alerts", "controlplane/calllog", "controlplane/config", "controlplane/enrollment", "controlplane/fleet",
			"controlplane/importer", "controlplane/rollout", "controlplane/routing", "controlplane/secrets",
		},
		why: "each part can be read, tested and replaced alone; a room owns its port, which store fills and an API serves",
	},
	{
		folder: "dataplane", wiring: "dataplane/server", shared: []string{"dataplane/classify", "dataplane/wire/...", "dataplane/redis"},
		why: "each part can be read, tested and replaced alone",
	},
	{folder: "cmd", why: "a command is no library"},
}

type isolation struct {
	folder string
	wiring string   // the part that may import all; none if empty
	shared []string // what is pure, which every part may import
	rooms  []string // parts with ports and types of their own: the others may import them, but none of these another
	why    string
}

// binaries are about everything that ends up in a program.
var binaries = []struct {
	program string
	never   []string
	why     string
}{
	{
		"cmd/trunkline-dataplane",
		concat(sqlDrivers, controlPlane, harness, []string{"webui/...", "testing"}),
		"a node has no database and no console: that is what makes it small and hard to attack",
	},
	{
		"cmd/trunkline-controlplane",
		concat(dataPlane, harness, redis, []string{"testing"}),
		"the control plane never carries traffic",
	},
	{
		"cmd/trunklinectl",
		concat(sqlServers, controlPlane, dataPlane, redis, harness, []string{"webui/...", "testing"}),
		"the CLI speaks the public API and nothing else; of databases it reads SQLite files of other gateways",
	},
	{
		"cmd/trunkline",
		concat(harness, []string{"testing"}),
		"the all-in-one is a product, not a test bench",
	},
}

func concat(lists ...[]string) (all []string) {
	for _, list := range lists {
		all = append(all, list...)
	}
	return all
}
