package server

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/trunkline-ai/trunkline/internal/memlimit"
	"github.com/trunkline-ai/trunkline/internal/settings"
)

// Settings are what flags and environment say about a node.
type Settings struct {
	// Memory is what the process may use, in bytes; 0: not known. No setting: the process
	// learns it.
	Memory      int64
	Heap        *memlimit.Heap // see Config; no setting either
	MaxBody     int
	MaxBodies   int
	SpoolDir    string
	KeepAlive   time.Duration
	NetHTTP     bool
	ServerHTTP  bool // see ServesPlain
	SpoolBytes  int
	SpoolAge    time.Duration
	CallMemory  int
	MinFreeDisk int // percent
	Node        string
	RedisURL    string // may hold a password: never log it
	// RedisURLFile is where RedisURL was read from; empty: from no file.
	RedisURLFile string
	Environment  string
}

// Register adds the settings that both the node and the all-in-one have.
func (s *Settings) Register(set *settings.Set) {
	set.String(&s.Node, "node", "TRUNKLINE_NODE", "", "name of this node, stable across restarts; default: the host name")
	set.Int(&s.MaxBody, "max-body-bytes", "TRUNKLINE_MAX_BODY_BYTES", 0, "largest request body, in bytes, at most an eighth of max-bodies-bytes; 0: 32 MiB, or that eighth if it is smaller")
	set.Int(&s.MaxBodies, "max-bodies-bytes", "TRUNKLINE_MAX_BODIES_BYTES", 0,
		"request bodies and complete answers held at once, in bytes, counted as they arrive; beyond it requests get 503, and beyond an eighth of it those of one key get 429; 0: half of the process's memory limit (GOMEMLIMIT, else the cgroup's, else the machine's memory), at most 1 GiB")
	set.String(&s.SpoolDir, "spool-dir", "TRUNKLINE_SPOOL_DIR", "", "where uploads of more than 256 KiB are held while they are sent; default: the system's directory for temporary files")
	set.Duration(&s.KeepAlive, "stream-keep-alive", "TRUNKLINE_STREAM_KEEP_ALIVE", 15*time.Second,
		"silence after which a stream gets a comment line, before and after its first token; 100ms or more")
	set.Bool(&s.NetHTTP, "upstream-net-http", "TRUNKLINE_UPSTREAM_NET_HTTP", false,
		"use net/http's client for providers instead of this program's leaner one; only for comparison")
	set.Bool(&s.ServerHTTP, "server-net-http", "TRUNKLINE_SERVER_NET_HTTP", false,
		"serve all of /v1 with net/http's server, instead of ordinary requests without TLS with this program's leaner one; only for comparison")
	set.Int(&s.SpoolBytes, "call-spool-bytes", "TRUNKLINE_CALL_SPOOL_BYTES", 1<<30,
		"call records kept on disk until the control plane has stored them, in bytes, at least 64 KiB; beyond it the oldest are reduced to totals")
	set.Duration(&s.SpoolAge, "call-spool-age", "TRUNKLINE_CALL_SPOOL_AGE", 7*24*time.Hour, "age at which call records waiting on disk are reduced to totals")
	set.Int(&s.MinFreeDisk, "min-free-disk", "TRUNKLINE_MIN_FREE_DISK", 5,
		"part of the disk that call records leave free, in percent, 0 to 90; with less free they are held in memory and then reduced to totals; 0: records may fill the disk")
	set.Int(&s.CallMemory, "call-memory-bytes", "TRUNKLINE_CALL_MEMORY_BYTES", 64<<20,
		"memory for call records that cannot be written to disk, in bytes; beyond it they are reduced to totals")
	set.SecretFrom(&s.RedisURL, &s.RedisURLFile, "redis-url-file", "REDIS_URL", "",
		"redis://[user:password@]host:port/db, or rediss:// for TLS, through which nodes share health and limits; default: not shared")
	set.String(&s.Environment, "environment", "TRUNKLINE_ENVIRONMENT", "default", "separates several Trunkline installations on one Redis")
}

// leastKeepAlive bounds what comment lines cost.
const leastKeepAlive = 100 * time.Millisecond

// Check refuses values that cannot be meant. Of 0 the packages below would make their defaults.
func (s *Settings) Check() error {
	switch {
	case s.KeepAlive < leastKeepAlive:
		return fmt.Errorf("--stream-keep-alive is %s, want %s or more; a group's stream_keep_alive switches it off", s.KeepAlive, leastKeepAlive)
	case s.SpoolBytes < minSpool:
		return fmt.Errorf("--call-spool-bytes is %d, want %d or more", s.SpoolBytes, minSpool)
	case s.SpoolAge == 0:
		return errors.New("--call-spool-age is 0s: every call record would be reduced to totals at once")
	case s.MinFreeDisk < 0 || s.MinFreeDisk > 90:
		return fmt.Errorf("--min-free-disk is %d, want a percentage from 0 to 90", s.MinFreeDisk)
	case s.Environment == "" || strings.ContainsAny(s.Environment, "{} *"):
		return fmt.Errorf("--environment is %q, want a name without spaces, braces and asterisks: it is part of the keys in Redis", s.Environment)
	}
	if s.SpoolDir == "" {
		return nil
	}
	if info, err := os.Stat(s.SpoolDir); err != nil || !info.IsDir() {
		return fmt.Errorf("--spool-dir %s is not a folder: %w", s.SpoolDir, cmp.Or(err, errors.New("it is a file")))
	}
	return nil
}

// NodeName is the name given, or the host's.
func (s *Settings) NodeName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "node"
	}
	return cmp.Or(s.Node, host)
}

// ServesPlain says of which paths ordinary requests are served without net/http's server: of all below /v1;
// nil: of none.
func (s *Settings) ServesPlain() func(path string) bool {
	if s.ServerHTTP {
		return nil
	}
	return func(path string) bool { return strings.HasPrefix(path, "/v1/") }
}

// Proxy is the part that bounds requests.
func (s *Settings) Proxy() ProxyConfig {
	return ProxyConfig{Memory: s.Memory, MaxBody: int64(s.MaxBody), MaxBodies: int64(s.MaxBodies), SpoolDir: s.SpoolDir, KeepAlive: s.KeepAlive, NetHTTP: s.NetHTTP}
}
