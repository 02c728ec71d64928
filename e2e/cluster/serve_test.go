package cluster_test

import (
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/e2e/cluster"
	"github.com/trunkline-ai/trunkline/internal/testenv/program"
)

var serve = flag.Bool("serve", false, "run the cluster until SIGINT or SIGTERM, as make cluster does")

// demo is what there is to try: a provider that fails, and one that answers.
const demo = `kind: Provider
name: broken
base_url: PROVIDER/v1
allow_private_network: true
credentials: [{name: main, secret: key-of-nobody}]
models: [{id: status-500}]
---
kind: Provider
name: steady
base_url: PROVIDER/v1
allow_private_network: true
credentials: [{name: main, secret: key-of-nobody}]
models: [{id: tokens-100+chunk-50ms}]
---
kind: Group
name: my-group
members:
  - {provider: broken, model: status-500, priority: 1}
  - {provider: steady, model: tokens-100+chunk-50ms, priority: 2}
---
kind: ApiKey
name: my-app
groups: [my-group]
secret: sk-cluster-change-me
`

// TestServe is `make cluster`.
func TestServe(t *testing.T) {
	if !*serve {
		t.Skip("runs until it is told to stop: make cluster")
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	c := cluster.Start(t, programs, demo, "--drain-delay", "0s", "--drain-timeout", "5s")
	fmt.Printf(`
Trunkline runs: 2 control planes and 3 nodes, on PostgreSQL and Redis, behind nginx.

  console   %[1]s   admin / %[2]s
  API       %[1]s/v1

  curl -N %[1]s/v1/chat/completions -H 'Authorization: Bearer sk-cluster-change-me' \
    -d '{"model":"my-group","stream":true,"messages":[{"role":"user","content":"hi"}]}'

`, c.Proxy.URL(), cluster.AdminPassword)
	for name, all := range map[string][]*program.Process{"control plane": c.ControlPlanes, "node": c.Nodes} {
		for i, p := range all {
			fmt.Printf("  %s %d: process %d, ops %s\n", name, i+1, p.Pid(), p.Address("ops"))
		}
	}
	fmt.Println("\nCtrl-C ends all of it.")
	stop := <-signals
	fmt.Println("ending")
	for _, p := range append(c.Nodes, c.ControlPlanes...) {
		if stop == syscall.SIGTERM { // SIGINT came from the terminal, and has reached them too
			p.Signal(syscall.SIGTERM)
		}
	}
	limit := time.After(20 * time.Second)
	for _, p := range append(c.Nodes, c.ControlPlanes...) {
		select {
		case <-p.Ended():
		case <-limit:
			return // whoever is left is killed
		}
	}
}
