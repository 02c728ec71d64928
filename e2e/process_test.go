// Package e2e tests the programs as their users run them: real processes, real
// databases, the official SDKs. Only the upstream provider is scripted.
package e2e

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

// startTime bounds how long a process may take to serve, and to end.
const startTime = 60 * time.Second

// binaries are built once for the whole package.
var binaries = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "trunkline-e2e-")
	if err != nil {
		return "", err
	}
	args := []string{"build", "-o", dir + "/"}
	if raceEnabled {
		args = append(args, "-race")
	}
	cmd := exec.Command("go", append(args, "../cmd/trunkline", "../cmd/trunkline-controlplane", "../cmd/trunkline-dataplane", "../cmd/trunklinectl")...)
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

// process is one running program.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	dir  string
	name string
	args []string
	env  []string

	mu      sync.Mutex
	log     bytes.Buffer
	serving map[string]string // attributes of its "serving" line
	ready   chan struct{}
	done    chan struct{}
	err     error
}

// start runs a program in a directory of its own and waits until it serves. env replaces
// the environment but for PATH and HOME.
func start(t *testing.T, name string, env []string, args ...string) *process {
	t.Helper()
	p := &process{t: t, name: name, args: args, env: env, dir: t.TempDir()}
	p.run()
	p.pin()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("log of %s:\n%s", p.name, p.logged())
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
	p.ready, p.done = make(chan struct{}), make(chan struct{})
	p.cmd = exec.Command(filepath.Join(dir, p.name), p.args...)
	p.cmd.Dir = p.dir
	p.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + p.dir}, p.env...)
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	go p.follow(stderr)
	select {
	case <-p.ready:
	case <-p.done:
		p.t.Fatalf("%s ended at once: %v\n%s", p.name, p.err, p.logged())
	case <-time.After(startTime):
		p.t.Fatalf("%s does not serve:\n%s", p.name, p.logged())
	}
}

var attribute = regexp.MustCompile(`(\w+)=("[^"]*"|\S+)`)

// follow keeps the log and reads the addresses from the line that announces them.
func (p *process) follow(stderr io.Reader) {
	lines := bufio.NewScanner(stderr)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		p.mu.Lock()
		p.log.WriteString(line + "\n")
		first := strings.Contains(line, "msg=serving ")
		if first {
			p.serving = map[string]string{}
			for _, m := range attribute.FindAllStringSubmatch(line, -1) {
				p.serving[m[1]] = strings.Trim(m[2], `"`)
			}
		}
		p.mu.Unlock()
		if first {
			close(p.ready)
		}
	}
	p.err = p.cmd.Wait()
	close(p.done)
}

// address is one of those that the process announced: console, api, nodes, ops.
func (p *process) address(name string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.serving[name]
}

func (p *process) logged() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// pin makes the next run listen where this one does.
func (p *process) pin() {
	named := map[string]string{"--listen": p.address("console") + p.address("api"), "--node-listen": p.address("nodes"), "--ops-listen": p.address("ops")}
	if p.name == "trunkline" {
		named["--listen"] = p.address("console")
	}
	for i, arg := range p.args {
		if address := named[arg]; address != "" {
			p.args[i+1] = strings.TrimSuffix(strings.TrimPrefix(address, "http://"), "/v1")
		}
	}
}

// kill ends the process as a crash would: SIGKILL, no clean-up.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended by itself
	<-p.done
}

// stop ends the process as operators do and wants exit code 0.
func (p *process) stop() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	select {
	case <-p.done:
	case <-time.After(startTime):
		p.t.Fatalf("%s does not end after SIGTERM:\n%s", p.name, p.logged())
	}
	if p.err != nil {
		p.t.Errorf("%s ended with %v:\n%s", p.name, p.err, p.logged())
	}
}

// restart runs the program again in the same directory, at the address it had.
func (p *process) restart() {
	p.t.Helper()
	p.kill()
	p.run()
}
