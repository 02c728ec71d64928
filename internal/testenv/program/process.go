package program

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	// patience bounds how long a process may take to serve, and to end.
	patience = 2 * time.Minute
	// logTail is how much of its log a failed test shows, in bytes.
	logTail = 64 << 10
)

// Process is one program, running or not. Env and Args are those of the next run.
type Process struct {
	Name string
	Dir  string // where it runs: empty at first, and kept between runs
	Env  []string
	Args []string

	t     testing.TB
	group string // control group; empty: that of the test
	cmd   *exec.Cmd
	done  chan struct{} // closed at the end of this run, after err and held are set
	err   error
	held  held // where the next run listens

	mu        sync.Mutex // guards the fields below
	log       bytes.Buffer
	addresses map[string]string // by name, as announced last
}

// Start runs a program until the test ends and waits until it serves. env replaces the
// environment but for PATH and HOME. A failed test shows the end of its log.
func (s *Set) Start(t testing.TB, name string, env []string, args ...string) *Process {
	t.Helper()
	return s.StartIn(t, "", name, env, args...)
}

// StartIn is Start in a control group of Linux: a folder of its file system.
func (s *Set) StartIn(t testing.TB, group, name string, env []string, args ...string) *Process {
	t.Helper()
	p := &Process{Name: name, Dir: t.TempDir(), Env: env, Args: args, t: t, group: group}
	path := s.Path(t, name)
	p.run(path)
	p.pin()
	t.Cleanup(func() {
		p.Kill()
		p.held.release()
		if t.Failed() {
			log := p.Log()
			t.Logf("log of %s %v:\n%s", p.Name, p.Args, log[max(0, len(log)-logTail):])
		}
	})
	return p
}

// Run runs the program again, where it ran before and at the addresses it had, and waits
// until it serves. It must have ended.
func (p *Process) Run() {
	p.t.Helper()
	// Connections to the last run may still seem alive, and no client repeats a POST that fails on one.
	http.DefaultClient.CloseIdleConnections()
	p.run(p.cmd.Path)
}

// Become makes the next runs those of the program of another set.
func (p *Process) Become(s *Set) {
	p.t.Helper()
	p.cmd.Path = s.Path(p.t, p.Name)
}

func (p *Process) run(path string) {
	p.t.Helper()
	p.cmd = exec.Command(path, p.Args...)
	if p.group != "" { // a shell joins it and becomes the program
		p.cmd = exec.Command("/bin/sh", append([]string{"-c", `echo $$ > "$0" && exec "$@"`, filepath.Join(p.group, "cgroup.procs"), path}, p.Args...)...)
	}
	p.cmd.Dir = p.Dir
	p.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + p.Dir}, p.Env...)
	out, in, err := os.Pipe()
	if err != nil {
		p.t.Fatal(err)
	}
	p.cmd.Stdout, p.cmd.Stderr = in, in
	err = p.cmd.Start()
	_ = in.Close() // the process has it
	if err != nil {
		_ = out.Close()
		p.t.Fatal(err)
	}
	kept := p.held
	p.held = nil
	defer kept.release()
	p.done = make(chan struct{})
	serving := make(chan struct{})
	go p.follow(out, serving)
	select {
	case <-serving:
	case <-p.done:
		p.t.Fatalf("%s ended at once: %v\n%s", p.Name, p.err, p.Log())
	case <-time.After(patience):
		p.t.Fatalf("%s does not serve:\n%s", p.Name, p.Log())
	}
}

// follow keeps the log, and the addresses of the line that announces them, until the
// process ends.
func (p *Process) follow(out io.ReadCloser, serving chan struct{}) {
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		addresses := announced(lines.Text())
		p.mu.Lock()
		p.log.WriteString(lines.Text() + "\n")
		if addresses != nil {
			p.addresses = addresses
		}
		p.mu.Unlock()
		if addresses != nil && serving != nil {
			close(serving)
			serving = nil
		}
	}
	_ = out.Close() // it has ended
	p.err = p.cmd.Wait()
	p.held = hold(p.Args)
	close(p.done)
}

var (
	attribute    = regexp.MustCompile(`(\w+)=("[^"]*"|\S+)`)
	fakeProvider = regexp.MustCompile(`^fakeprovider: (http://\S+)`)
)

// announced reads the addresses from the line that tells them; nil from any other.
func announced(line string) map[string]string {
	if m := fakeProvider.FindStringSubmatch(line); m != nil {
		return map[string]string{"api": m[1]}
	}
	if !strings.Contains(line, "msg=serving ") {
		return nil
	}
	addresses := map[string]string{}
	for _, m := range attribute.FindAllStringSubmatch(line, -1) {
		addresses[m[1]] = strings.Trim(m[2], `"`)
	}
	return addresses
}

// pin makes the next run listen where this one does.
func (p *Process) pin() {
	web := p.Address("console")
	if web == "" {
		web = p.Address("api")
	}
	listens := map[string]string{"--listen": web, "--node-listen": p.Address("nodes"), "--ops-listen": p.Address("ops")}
	for i, arg := range p.Args {
		if address := listens[arg]; address != "" {
			p.Args[i+1] = strings.TrimSuffix(strings.TrimPrefix(address, "http://"), "/v1")
		}
	}
}

// Address is one of those that the program announced: console, api (which ends in /v1),
// nodes, ops. It is empty for others.
func (p *Process) Address(name string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.addresses[name]
}

// Log is all that the program has written, in all its runs.
func (p *Process) Log() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// Pid is the id of the process.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Kill ends the process as a crash would: SIGKILL, no clean-up.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // it may have ended by itself
	<-p.done
}

// Signal sends the process a signal.
func (p *Process) Signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatalf("send %s to %s: %v", s, p.Name, err)
	}
}

// Wait waits until the process has ended and wants exit code 0.
func (p *Process) Wait() {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(patience):
		p.t.Fatalf("%s does not end:\n%s", p.Name, p.Log())
	}
	if p.err != nil {
		p.t.Errorf("%s ended with %v:\n%s", p.Name, p.err, p.Log())
	}
}

// Ended is closed when this run of the process has ended.
func (p *Process) Ended() <-chan struct{} { return p.done }

// Stop ends the process as operators do, with SIGTERM, and wants exit code 0.
func (p *Process) Stop() {
	p.t.Helper()
	p.Signal(syscall.SIGTERM)
	p.Wait()
}

// Restart kills the process and runs the program again.
func (p *Process) Restart() {
	p.t.Helper()
	p.Kill()
	p.Run()
}
