// Package ledger holds Trunkline to its books: real processes are killed at any time, and
// what the call log and the sums of usage say afterwards is compared with an independent
// record of what the upstream served and what clients were answered.
package ledger

import (
	"bufio"
	"bytes"
	"fmt"
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

// patience bounds every wait.
const patience = 90 * time.Second

// binaries are built once for the whole package.
var binaries = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "trunkline-ledger-")
	if err != nil {
		return "", err
	}
	cmd := exec.Command("go", "build", "-o", dir+"/", "../../cmd/trunkline", "../../cmd/trunkline-controlplane", "../../cmd/trunkline-dataplane", "../../cmd/fakeprovider")
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

// program is one process that is killed and run again in the same folder, at the same
// addresses.
type program struct {
	t    *testing.T
	name string
	dir  string
	args []string
	env  []string

	cmd     *exec.Cmd
	ready   chan struct{}
	done    chan struct{}
	err     error
	mu      sync.Mutex // guards the fields below
	log     bytes.Buffer
	serving map[string]string // attributes of its "serving" line
}

// start runs a program until the test ends and waits until it serves.
func start(t *testing.T, name string, env []string, args ...string) *program {
	t.Helper()
	p := &program{t: t, name: name, dir: t.TempDir(), args: args, env: env}
	p.run()
	p.pin()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("log of %s %v:\n%s", p.name, p.args, p.tail())
		}
	})
	return p
}

func (p *program) run() {
	p.t.Helper()
	bin, err := binaries()
	if err != nil {
		p.t.Fatal(err)
	}
	p.ready, p.done = make(chan struct{}), make(chan struct{})
	p.cmd = exec.Command(filepath.Join(bin, p.name), p.args...)
	p.cmd.Dir = p.dir
	p.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + p.dir}, p.env...)
	out, in, err := os.Pipe()
	if err != nil {
		p.t.Fatal(err)
	}
	p.cmd.Stdout, p.cmd.Stderr = in, in
	err = p.cmd.Start()
	_ = in.Close() // the process has it
	if err != nil {
		p.t.Fatal(err)
	}
	go p.follow(out, p.ready, p.done)
	select {
	case <-p.ready:
	case <-p.done:
		p.t.Fatalf("%s ended at once: %v\n%s", p.name, p.err, p.tail())
	case <-time.After(patience):
		p.t.Fatalf("%s does not serve:\n%s", p.name, p.tail())
	}
}

var (
	attribute = regexp.MustCompile(`(\w+)=("[^"]*"|\S+)`)
	fakeLine  = regexp.MustCompile(`fakeprovider: (http://\S+)`)
)

// follow keeps the log and reads the addresses from the line that announces them.
func (p *program) follow(out io.ReadCloser, ready, done chan struct{}) {
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	announced := false
	for lines.Scan() {
		line := lines.Text()
		p.mu.Lock()
		p.log.WriteString(line + "\n")
		if m := fakeLine.FindStringSubmatch(line); m != nil && !announced {
			p.serving, announced = map[string]string{"api": m[1]}, true
			close(ready)
		}
		if strings.Contains(line, "msg=serving ") && !announced {
			p.serving, announced = map[string]string{}, true
			for _, m := range attribute.FindAllStringSubmatch(line, -1) {
				p.serving[m[1]] = strings.Trim(m[2], `"`)
			}
			close(ready)
		}
		p.mu.Unlock()
	}
	_ = out.Close() // it has ended
	p.err = p.cmd.Wait()
	close(done)
}

// address is one of those that the program announced: console, api, nodes, ops.
func (p *program) address(name string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.serving[name]
}

func (p *program) tail() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	const most = 16 << 10
	log := p.log.Bytes()
	return string(log[max(0, len(log)-most):])
}

// pin makes the next run listen where this one does.
func (p *program) pin() {
	web := p.address("api")
	if p.address("console") != "" {
		web = p.address("console")
	}
	named := map[string]string{"--listen": web, "--node-listen": p.address("nodes"), "--ops-listen": p.address("ops")}
	for i, arg := range p.args {
		if address := named[arg]; address != "" {
			p.args[i+1] = strings.TrimSuffix(strings.TrimPrefix(address, "http://"), "/v1")
		}
	}
}

// kill ends the process with SIGKILL.
func (p *program) kill() {
	_ = p.cmd.Process.Kill() // it may have ended by itself
	<-p.done
}

// stop ends the process as operators do: it ships what waits.
func (p *program) stop() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	select {
	case <-p.done:
	case <-time.After(patience):
		p.t.Fatalf("%s does not end after SIGTERM:\n%s", p.name, p.tail())
	}
}

// awaitReady waits until the process calls itself ready and returns how long that took.
func (p *program) awaitReady() time.Duration {
	p.t.Helper()
	began := time.Now()
	eventually(p.t, p.name+" is ready", func() bool {
		resp, err := http.Get(p.address("ops") + "/readyz")
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	return time.Since(began)
}

// eventually polls until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", patience, what)
		}
	}
}
