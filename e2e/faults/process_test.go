// Package faults breaks what a fleet stands on while clients use it: providers that die,
// flap or all go away, clients that are hostile, slow or leave, nodes that are replaced. It
// runs the programs themselves: a control plane on PostgreSQL, three nodes that share a
// Redis, and scripted providers, each a process of its own.
//
// Tests count what must not happen and time nothing; the figures they print come with -v.
// FAULTS=long runs them at the length whose figures are published.
package faults

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
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

// patience bounds every wait for something that must come.
const patience = 60 * time.Second

// long tells the published runs from those of every commit.
var long = os.Getenv("FAULTS") == "long"

// binaries are built once for the whole package.
var binaries = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "trunkline-faults-")
	if err != nil {
		return "", err
	}
	cmd := exec.Command("go", "build", "-o", dir+"/", "../../cmd/trunkline-controlplane", "../../cmd/trunkline-dataplane", "../../cmd/fakeprovider")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return dir, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if dir, err := binaries(); err == nil {
		_ = os.RemoveAll(dir)
	}
	os.Exit(code)
}

// process is one running program, in a directory of its own.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	dir  string
	name string
	args []string
	env  []string

	mu     sync.Mutex
	output bytes.Buffer // of all its runs

	told map[string]string // the addresses it announced
	done chan struct{}
	err  error
}

// start runs a program and waits until it serves. env replaces the environment but for
// PATH and HOME.
func start(t *testing.T, name string, env []string, args ...string) *process {
	t.Helper()
	p := &process{t: t, name: name, args: args, env: env, dir: t.TempDir()}
	p.run()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("output of %s %v:\n%s", p.name, p.args, p.said())
		}
	})
	return p
}

func (p *process) run() {
	p.t.Helper()
	dir, err := binaries()
	if err != nil {
		p.t.Fatal(err)
	}
	p.cmd = exec.Command(filepath.Join(dir, p.name), p.args...)
	p.cmd.Dir = p.dir
	p.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + p.dir}, p.env...)
	reader, writer, err := os.Pipe()
	if err != nil {
		p.t.Fatal(err)
	}
	p.cmd.Stdout, p.cmd.Stderr = writer, writer
	err = p.cmd.Start()
	writer.Close()
	if err != nil {
		p.t.Fatal(err)
	}
	p.done = make(chan struct{})
	ready := make(chan map[string]string, 1)
	go p.follow(reader, ready)
	select {
	case p.told = <-ready:
	case <-p.done:
		p.t.Fatalf("%s ended at once: %v\n%s", p.name, p.err, p.said())
	case <-time.After(patience):
		p.t.Fatalf("%s does not serve:\n%s", p.name, p.said())
	}
}

var address = regexp.MustCompile(`(\w+)=(http://\S+|[\d.]+:\d+)|fakeprovider: (http://[\d.:]+)/v1`)

// follow keeps what the program says and reads the addresses from the line that announces
// them.
func (p *process) follow(from io.ReadCloser, ready chan<- map[string]string) {
	defer from.Close()
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		p.mu.Lock()
		p.output.WriteString(line + "\n")
		p.mu.Unlock()
		if !strings.Contains(line, "msg=serving ") && !strings.HasPrefix(line, "fakeprovider: http") {
			continue
		}
		told := map[string]string{}
		for _, m := range address.FindAllStringSubmatch(line, -1) {
			told[m[1]] = m[2] + m[3]
		}
		select {
		case ready <- told:
		default:
		}
	}
	p.err = p.cmd.Wait()
	close(p.done)
}

func (p *process) said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.output.String()
}

// kill ends the program as a crash would.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended by itself
	<-p.done
}

// stop ends the program as operators do, and waits.
func (p *process) stop() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	select {
	case <-p.done:
	case <-time.After(patience):
		p.t.Fatalf("%s does not end after SIGTERM:\n%s", p.name, p.said())
	}
	if p.err != nil {
		p.t.Errorf("%s ended with %v", p.name, p.err)
	}
}

// pin makes later runs listen where this one does.
func (p *process) pin(flag, address string) {
	for i, arg := range p.args {
		if arg == flag {
			p.args[i+1] = strings.TrimSuffix(strings.TrimPrefix(address, "http://"), "/v1")
		}
	}
}
