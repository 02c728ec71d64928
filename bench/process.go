package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"
)

// startTime bounds how long a process may take to serve.
const startTime = 60 * time.Second

// process is one program of the bench. Its output is kept only to explain a failure.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended and its output was read

	mu   sync.Mutex
	tail []string // last lines of output
}

// start runs a program in dir until it prints a line that matches ready, and returns
// what the first group of it matched.
func start(ctx context.Context, ready *regexp.Regexp, dir string, env []string, argv ...string) (*process, string, error) {
	p := &process{cmd: exec.Command(argv[0], argv[1:]...), done: make(chan struct{})}
	p.cmd.Dir = dir
	p.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir}, env...)
	// Whatever becomes of the bench, its processes end with it.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, "", fmt.Errorf("start %s: %w", argv[0], err)
	}
	p.cmd.Stdout, p.cmd.Stderr = w, w
	err = p.cmd.Start()
	_ = w.Close() // the child has its own
	if err != nil {
		_ = r.Close()
		return nil, "", fmt.Errorf("start %s: %w", argv[0], err)
	}
	found := make(chan string, 1)
	go p.follow(r, ready, found)
	select {
	case match := <-found:
		return p, match, nil
	case <-p.done:
		return nil, "", fmt.Errorf("%s ended at once:\n%s", argv[0], p.output())
	case <-time.After(startTime):
		err = errors.New("does not get ready")
	case <-ctx.Done():
		err = ctx.Err()
	}
	p.stop()
	return nil, "", fmt.Errorf("%s: %w:\n%s", argv[0], err, p.output())
}

func (p *process) follow(r io.ReadCloser, ready *regexp.Regexp, found chan<- string) {
	defer close(p.done)
	defer func() { _ = p.cmd.Wait() }() // how it ended shows in what it printed
	defer r.Close()
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		p.mu.Lock()
		p.tail = append(p.tail, lines.Text())
		if len(p.tail) > 20 {
			p.tail = p.tail[1:]
		}
		p.mu.Unlock()
		if m := ready.FindStringSubmatch(lines.Text()); m != nil {
			select {
			case found <- m[1]:
			default:
			}
		}
	}
}

func (p *process) output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.tail, "\n")
}

// find returns what the first group matches in a line that the process has printed lately.
func (p *process) find(what *regexp.Regexp) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, line := range p.tail {
		if m := what.FindStringSubmatch(line); m != nil {
			return m[1]
		}
	}
	return ""
}

// stop asks the process to end, and after a few seconds no longer asks.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended by itself
	select {
	case <-p.done:
		return
	case <-time.After(5 * time.Second):
	}
	_ = p.cmd.Process.Kill()
	<-p.done
}
