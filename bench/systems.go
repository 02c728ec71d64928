package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"time"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// Names of the systems; further Trunkline binaries have the name they were given.
const (
	direct    = "direct"
	baseline  = "ReverseProxy"
	nginx     = "nginx"
	trunkline = "trunkline"
	allInOne  = "all-in-one"
)

// system is one thing to measure.
type system struct {
	name    string
	address string
	door    door
	process *process // nil: the bench did not start it, or there is nothing to start
	peer    int      // process of a peer; 0: not known
	command string   // which program of Trunkline it is; empty: none
	program string   // its path
	control *control // of a node
	ingest  *ingest  // of a control plane
	fleet   *fleet   // of a control plane
	asked   int      // requests it was sent
	records int      // calls that processes of it recorded which have ended
	fresh   int      // processes of it that were started for one measurement
	// recorded counts the calls of which it has a record; nil: it keeps none.
	recorded func(context.Context) (int, error)
	// start starts the same once more; nil: there is nothing to start.
	start func(ctx context.Context, name string) (*system, error)
}

// ours says that it is a Trunkline: nothing that it is asked may fail.
func (s *system) ours() bool { return s.command != "" }

func (s *system) pids() []int {
	switch {
	case s.process != nil:
		return family(s.process.cmd.Process.Pid)
	case s.peer != 0:
		return family(s.peer)
	}
	return nil
}

func (s *system) stop() {
	if s.process != nil {
		s.process.stop()
	}
	if s.control != nil {
		s.control.stop()
	}
	if s.fleet != nil {
		s.fleet.close()
	}
	if s.ingest != nil {
		s.ingest.close()
	}
}

// bench is everything that runs.
type bench struct {
	options  options
	dir      string
	self     string
	upstream string
	cpus     affinity
	builds   []build
	provider *process
	systems  []*system
	folders  []string // outside dir, removed with it
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
	for _, dir := range append(b.folders, b.dir) {
		_ = os.RemoveAll(dir) // temporary anyway
	}
}

func (b *bench) start(ctx context.Context) error {
	var err error
	if b.builds, err = b.options.builds(); err != nil {
		return err
	}
	var peers []*system
	for _, text := range b.options.peers {
		peer, err := parsePeer(text)
		if err != nil {
			return err
		}
		peers = append(peers, peer)
	}
	if b.provider, b.upstream, err = b.role(ctx, b.cpus.load, roleUpstream); err != nil {
		return err
	}
	b.systems = []*system{{name: direct, address: b.upstream, door: ownDoor}}
	if err := b.add(ctx, baseline, b.reverseProxy); err != nil {
		return err
	}
	if _, err := nginxBinary(); err != nil {
		fmt.Fprintln(b.options.progress, "bench: nginx is not installed and left out")
	} else if err := b.add(ctx, nginx, b.nginx); err != nil {
		return err
	}
	for _, of := range b.builds {
		err := b.addBuild(ctx, of, commandNode, of.name, func(ctx context.Context, name, program string) (*system, error) {
			return b.node(ctx, name, program, snapshot(1, b.upstream, size{}))
		})
		if err != nil {
			return err
		}
	}
	for _, of := range b.builds {
		if err := b.addBuild(ctx, of, commandAllInOne, of.allInOne(), b.allInOne); err != nil {
			return err
		}
	}
	b.systems = append(b.systems, peers...)
	return nil
}

// addBuild adds one program of a build, if that has it.
func (b *bench) addBuild(ctx context.Context, of build, command, name string, start func(ctx context.Context, name, program string) (*system, error)) error {
	if !b.options.measures(name) {
		return nil // nor is it built
	}
	program, err := b.program(ctx, of, command)
	if err != nil || program == "" {
		return err
	}
	return b.add(ctx, name, func(ctx context.Context, name string) (*system, error) { return start(ctx, name, program) })
}

// add starts a system that stays for the whole run, unless it is not to be measured.
func (b *bench) add(ctx context.Context, name string, start func(context.Context, string) (*system, error)) error {
	if !b.options.measures(name) {
		return nil
	}
	s, err := start(ctx, name)
	if err != nil {
		return err
	}
	s.start = start
	b.systems = append(b.systems, s)
	return nil
}

// fresh restarts a system for one measurement, and returns what ends it: that counts the
// records it shipped.
func (b *bench) fresh(ctx context.Context, s *system) (*system, func() error, error) {
	s.fresh++
	one, err := s.start(ctx, fmt.Sprintf("%s-%d", s.name, s.fresh))
	if err != nil {
		return nil, nil, err
	}
	return one, func() error { return s.retire(ctx, one) }, nil
}

// retire ends a process of the system that was started for one measurement, and counts what
// it was asked and has recorded.
func (s *system) retire(ctx context.Context, one *system) error {
	defer one.stop()
	recorded, err := one.awaitRecords(ctx, one.asked)
	s.asked += one.asked
	s.records += recorded
	return err
}

func (b *bench) reverseProxy(ctx context.Context, name string) (*system, error) {
	process, address, err := b.role(ctx, b.cpus.proxy, roleProxy)
	return &system{name: name, address: address, door: ownDoor, process: process}, err
}

func (b *bench) nginx(ctx context.Context, name string) (*system, error) {
	s := &system{name: name, door: ownDoor}
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

// role starts this program in one of its roles.
func (b *bench) role(ctx context.Context, on cpus, role string) (p *process, address string, err error) {
	err = on.with(func() error {
		p, address, err = start(ctx, listening, b.dir, []string{roleVariable + "=" + role, upstreamVariable + "=" + b.upstream, listenVariable + "=" + b.options.upstream}, b.self)
		return err
	})
	return p, address, err
}

var serving = regexp.MustCompile(`msg=serving (?:console=\S+ )?api=http://([^/]+)/v1`)

// node starts a Trunkline and gives it its first snapshot.
func (b *bench) node(ctx context.Context, name, program string, first *nodev1.Snapshot) (*system, error) {
	c, err := newControl()
	if err != nil {
		return nil, err
	}
	s := &system{name: name, door: ownDoor, control: c, command: commandNode, program: program, recorded: c.recorded}
	dir := filepath.Join(b.dir, name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		s.stop()
		return nil, fmt.Errorf("make a directory: %w", err)
	}
	err = b.cpus.proxy.with(func() error {
		s.process, s.address, err = start(ctx, serving, dir, []string{
			"TRUNKLINE_CONTROL_PLANE=" + c.address, "TRUNKLINE_JOIN_TOKEN=" + joinToken,
			"TRUNKLINE_LISTEN=127.0.0.1:0", "TRUNKLINE_OPS_LISTEN=127.0.0.1:0", "TRUNKLINE_NODE=bench-" + name,
		}, program)
		return err
	})
	if err == nil {
		c.revision = first.GetRevision()
		wait, cancel := context.WithTimeout(ctx, startTime)
		err = c.apply(wait, first)
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

// allInOne starts an all-in-one.
func (b *bench) allInOne(ctx context.Context, name, program string) (*system, error) {
	dir := filepath.Join(b.dir, name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make a directory: %w", err)
	}
	return b.startAllInOne(ctx, name, program, dir)
}

// checkRecords waits until every Trunkline has a record of every call it was asked for.
func (b *bench) checkRecords(ctx context.Context, r *report) error {
	for _, s := range b.systems {
		if s.recorded == nil {
			continue
		}
		recorded, err := s.awaitRecords(ctx, s.asked)
		if err != nil {
			return err
		}
		r.Records = append(r.Records, records{System: s.name, Requests: s.asked, Calls: recorded})
	}
	return nil
}

// awaitRecords waits until records of so many calls are here, or for 30 seconds, and counts them.
func (s *system) awaitRecords(ctx context.Context, calls int) (int, error) {
	if s.recorded == nil {
		return 0, nil
	}
	for deadline := time.Now().Add(30 * time.Second); ; rest(ctx, 50*time.Millisecond) {
		n, err := s.recorded(ctx)
		if err != nil || ctx.Err() != nil {
			return 0, errors.Join(err, ctx.Err())
		}
		if n += s.records; n >= calls || time.Now().After(deadline) {
			return n, nil
		}
	}
}
