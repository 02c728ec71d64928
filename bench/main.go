// Command bench measures what Trunkline costs next to what others cost for the same
// traffic: a tuned httputil.ReverseProxy, nginx if it is installed, other gateways that run
// already, and no proxy at all.
//
// Each system is a process of its own on loopback in front of one scripted upstream. Every
// scenario visits all systems in turn, round after round, so that what else the machine
// does hits all of them alike, and ratios are taken within a round. CPU is the user and
// system time of the proxy's process alone. Trunkline is the node that is shipped, fed by a
// control plane that counts the calls it is sent: keys, routing, usage, cost and call
// records are all on.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

// roleVariable makes the program play a part of the bench instead of running it.
const roleVariable = "TRUNKLINE_BENCH_ROLE"

// options are the flags.
type options struct {
	rounds    int
	time      time.Duration // of one measurement
	open      int           // streams held open at once
	requests  int           // of the soak
	settle    time.Duration // before memory is read
	keys      int           // API keys of the large snapshot, and of the fleet
	nodes     int           // of the fleet
	scenarios []string      // empty: all
	systems   []string      // which are measured; empty: all
	binary    string        // build to measure; empty: this tree's
	also      []string      // name=path of further builds to compare
	peers     []string      // name=url,key,model,pid of other gateways
	upstream  string        // where the upstream listens; empty: a free port
	json      string        // file for the results; empty: none
	progress  io.Writer
}

// measures says whether a system is to be measured.
func (o options) measures(name string) bool {
	return len(o.systems) == 0 || name == direct || slices.Contains(o.systems, name)
}

func main() {
	if role := os.Getenv(roleVariable); role != "" {
		if err := play(role); err != nil {
			fmt.Fprintln(os.Stderr, role+":", err)
			os.Exit(1)
		}
		return
	}
	o := options{progress: os.Stderr}
	var only, which, also string
	flag.IntVar(&o.rounds, "rounds", 5, "how often every system is measured in each scenario")
	flag.DurationVar(&o.time, "time", 2*time.Second, "length of one measurement")
	flag.IntVar(&o.open, "open", 2000, "streams held open at once for memory")
	flag.IntVar(&o.requests, "requests", 100_000, "requests of the soak, after which memory is read")
	flag.DurationVar(&o.settle, "settle", 3*time.Second, "rest before memory is read; at most 5s, while streams that are held stay open")
	flag.IntVar(&o.keys, "keys", 100_000, "API keys of the large snapshot, and of the fleet")
	flag.IntVar(&o.nodes, "nodes", 200, "nodes of the fleet")
	flag.StringVar(&only, "scenarios", "", "which, separated by commas: "+strings.Join(scenarioNames(), ", ")+" (default all)")
	flag.StringVar(&which, "systems", "", "which systems are measured, separated by commas: direct (always), ReverseProxy, nginx, trunkline (the node), all-in-one, and by name those of --also and --peer (default all)")
	flag.StringVar(&o.binary, "trunkline", "", "trunkline-dataplane to measure, or a folder with trunkline-dataplane, trunkline and trunkline-controlplane (default: built from this tree)")
	flag.StringVar(&also, "also", "", "name=path,... of further builds to compare, each a trunkline-dataplane or a folder with programs, such as before=/tmp/old; the all-in-one of one is called before-all-in-one")
	flag.Func("peer", "name=url,key,model,pid: another gateway that runs already and sends what it gets to the upstream (see --upstream), such as other=http://127.0.0.1:4000/v1,sk-1,openai/*,1234. A * in the model stands for the upstream's; without a pid its CPU and memory are not measured. May be given several times", func(text string) error {
		_, err := parsePeer(text)
		o.peers = append(o.peers, text)
		return err
	})
	flag.StringVar(&o.upstream, "upstream", "", "host:port at which the scripted upstream listens, which peers must know before (default: a free port of 127.0.0.1)")
	flag.StringVar(&o.json, "json", "", "file to write the results to as JSON, besides the tables")
	flag.Parse()
	o.scenarios, o.systems, o.also = fields(only), fields(which), fields(also)

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	report, err := run(ctx, o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	err = report.print(os.Stdout)
	if o.json != "" {
		err = errors.Join(err, report.write(o.json))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	if report.Failed() {
		fmt.Fprintln(os.Stderr, "bench: requests to Trunkline failed or call records are missing")
		os.Exit(1)
	}
}

func fields(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' })
}

// run measures the chosen scenarios and ends every process that it started.
func run(ctx context.Context, o options) (*report, error) {
	chosen, err := chooseScenarios(o.scenarios)
	if err != nil {
		return nil, err
	}
	b, err := newBench(ctx, o)
	if err != nil {
		return nil, err
	}
	defer b.close()
	r := newReport(o)
	for _, s := range chosen {
		fmt.Fprintf(o.progress, "bench: %s\n", s.about)
		if err := b.measure(ctx, s, r); err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return r, b.checkRecords(ctx, r)
}
