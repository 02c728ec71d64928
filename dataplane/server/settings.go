package server

import (
	"cmp"
	"os"
	"time"

	"github.com/trunkline-ai/trunkline/internal/settings"
)

// Settings are what flags and environment say about a node's proxy.
type Settings struct {
	MaxBody   int
	KeepAlive time.Duration
	Node      string
}

// Register adds the settings that both the node and the all-in-one have.
func (s *Settings) Register(set *settings.Set) {
	set.String(&s.Node, "node", "TRUNKLINE_NODE", "", "name of this node, stable over restarts; default: the host name")
	set.Int(&s.MaxBody, "max-body-bytes", "TRUNKLINE_MAX_BODY_BYTES", 32<<20, "largest request body, in bytes")
	set.Duration(&s.KeepAlive, "stream-keep-alive", "TRUNKLINE_STREAM_KEEP_ALIVE", 15*time.Second,
		"silence after which a stream that waits for its first token gets a comment line")
}

// NodeName is the name given, or the host's.
func (s *Settings) NodeName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "node"
	}
	return cmp.Or(s.Node, host)
}

// Proxy is the part that bounds requests.
func (s *Settings) Proxy() ProxyConfig {
	return ProxyConfig{MaxBody: int64(s.MaxBody), KeepAlive: s.KeepAlive}
}
