package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// Names of the systems; further Trunkline binaries have the name they were given.
const (
	direct    = "direct"
	baseline  = "ReverseProxy"
	nginx     = "nginx"
	trunkline = "trunkline"
)

// system is one thing to measure.
type system struct {
	name    string
	address string
	process *process // nil: there is none between client and upstream
	control *control // of a Trunkline
	binary  string   // of a Trunkline
	asked   int      // requests it was sent
	records int      // records of calls that fresh processes of it shipped before they ended
	fresh   int      // processes of it that were started for one measurement
	// start starts the same once more; nil: there is nothing to start.
	start func(ctx context.Context, name string) (*system, error)
}

func (s *system) pids() []int {
	if s.process == nil {
		return nil
	}
	return family(s.process.cmd.Process.Pid)
}

func (s *system) stop() {
	if s.process != nil {
		s.process.stop()
	}
	if s.control != nil {
		s.control.stop()
	}
}

// bench is everything that runs.
type bench struct {
	options  options
	dir      string
	self     string
	upstream string
	cpus     affinity
	provider *process
	systems  []*system
}

func newBench(ctx context.Context, o options) (*bench, error) {
	b := &bench{options: o, cpus: newAffinity()}
	var err error
	if b.self, err = os.Executable(); err != nil {
		return nil, fmt.Errorf("find the bench's own program: %w", err)
	}
	if b.dir, err = os.MkdirTemp("", "trunkline-bench-"); err != nil {
		return nil, fmt.Errorf("make a directory: %w", err)
	}
	if err := b.start(ctx); err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

func (b *bench) close() {
	for _, s := range b.systems {
		s.stop()
	}
	if b.provider != nil {
		b.provider.stop()
	}
	_ = os.RemoveAll(b.dir) // temporary anyway
}

func (b *bench) start(ctx context.Context) error {
	binary, err := b.build(ctx)
	if err != nil {
		return err
	}
	if b.provider, b.upstream, err = b.role(ctx, b.cpus.load, roleUpstream); err != nil {
		return err
	}
	b.systems = []*system{{name: direct, address: b.upstream}}
	if err := b.add(ctx, baseline, b.reverseProxy); err != nil {
		return err
	}
	if _, err := nginxBinary(); err != nil {
		fmt.Fprintln(b.options.progress, "bench: nginx is not installed and left out")
	} else if err := b.add(ctx, nginx, b.nginx); err != nil {
		return err
	}
	nodes := []string{trunkline + "=" + binary}
	for _, named := range append(nodes, b.options.also...) {
		name, path, ok := strings.Cut(named, "=")
		if !ok {
			return fmt.Errorf("%q is not name=path", named)
		}
		err := b.add(ctx, name, func(ctx context.Context, name string) (*system, error) {
			return b.node(ctx, name, path, snapshot(1, b.upstream, size{}))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// add starts a system that stays for the whole run.
func (b *bench) add(ctx context.Context, name string, start func(context.Context, string) (*system, error)) error {
	s, err := start(ctx, name)
	if err != nil {
		return err
	}
	s.start = start
	b.systems = append(b.systems, s)
	return nil
}

// fresh starts a system anew for one measurement, and returns what ends it: that counts the
// records it shipped.
func (b *bench) fresh(ctx context.Context, s *system) (*system, func() error, error) {
	s.fresh++
	one, err := s.start(ctx, fmt.Sprintf("%s-%d", s.name, s.fresh))
	if err != nil {
		return nil, nil, err
	}
	return one, func() error {
		defer one.stop()
		if err := one.awaitRecords(ctx); err != nil {
			return err
		}
		s.asked += one.asked
		if one.control != nil {
			s.records += one.control.recorded()
		}
		return nil
	}, nil
}

func (b *bench) reverseProxy(ctx context.Context, name string) (*system, error) {
	process, address, err := b.role(ctx, b.cpus.proxy, roleProxy)
	return &system{name: name, address: address, process: process}, err
}

func (b *bench) nginx(ctx context.Context, name string) (*system, error) {
	s := &system{name: name}
	dir := filepath.Join(b.dir, name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make a directory: %w", err)
	}
	err := b.cpus.proxy.with(func() (err error) {
		s.process, s.address, err = startNginx(ctx, dir, b.upstream)
		return err
	})
	return s, err
}

// build makes the node's program from this tree, unless one was named.
func (b *bench) build(ctx context.Context) (string, error) {
	if b.options.binary != "" {
		return filepath.Abs(b.options.binary)
	}
	binary := filepath.Join(b.dir, "trunkline-dataplane")
	out, err := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", binary,
		"github.com/trunkline-ai/trunkline/cmd/trunkline-dataplane").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build the node: %w\n%s", err, out)
	}
	return binary, nil
}

// role starts this program in one of its roles.
func (b *bench) role(ctx context.Context, on cpus, role string) (p *process, address string, err error) {
	err = on.with(func() error {
		p, address, err = start(ctx, listening, b.dir, []string{roleVariable + "=" + role, upstreamVariable + "=" + b.upstream}, b.self)
		return err
	})
	return p, address, err
}

var serving = regexp.MustCompile(`msg=serving api=http://([^/]+)/v1`)

// node starts a Trunkline and gives it its first snapshot.
func (b *bench) node(ctx context.Context, name, binary string, first *nodev1.Snapshot) (*system, error) {
	c, err := newControl()
	if err != nil {
		return nil, err
	}
	s := &system{name: name, control: c, binary: binary}
	dir := filepath.Join(b.dir, name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		s.stop()
		return nil, fmt.Errorf("make a directory: %w", err)
	}
	err = b.cpus.proxy.with(func() error {
		s.process, s.address, err = start(ctx, serving, dir, []string{
			"TRUNKLINE_CONTROL_PLANE=" + c.address, "TRUNKLINE_JOIN_TOKEN=" + joinToken,
			"TRUNKLINE_LISTEN=127.0.0.1:0", "TRUNKLINE_OPS_LISTEN=127.0.0.1:0", "TRUNKLINE_NODE=bench-" + name,
		}, binary)
		return err
	})
	if err == nil {
		c.revision = first.GetRevision()
		wait, cancel := context.WithTimeout(ctx, startTime)
		_, err = c.apply(wait, first)
		cancel()
		if errors.Is(err, context.DeadlineExceeded) {
			err = fmt.Errorf("%s does not fetch its configuration:\n%s", name, s.process.output())
		}
	}
	if err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

// checkRecords waits until every Trunkline has shipped a record of every call it was asked for.
func (b *bench) checkRecords(ctx context.Context, r *report) error {
	for _, s := range b.systems {
		if s.control == nil {
			continue
		}
		if err := s.awaitRecords(ctx); err != nil {
			return err
		}
		r.Records = append(r.Records, records{System: s.name, Requests: s.asked, Calls: s.records + s.control.recorded()})
	}
	return nil
}

// awaitRecords waits until records of all calls are here, or for 30 seconds.
func (s *system) awaitRecords(ctx context.Context) error {
	if s.control == nil {
		return nil
	}
	for deadline := time.Now().Add(30 * time.Second); s.records+s.control.recorded() < s.asked && time.Now().Before(deadline); {
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
