// Package pace divides long work into pieces, so that the requests which come meanwhile are served as if nothing else were done.
package pace

import (
	"runtime"
	"time"
)

// Work goes on for so long before it rests for as long. To let other goroutines go first is not enough where there
// are few CPUs: the kernel lets a thread that works all the time go on for several milliseconds while others wait.
const (
	atOnce = time.Millisecond
	rest   = time.Millisecond
)

// Pace is that of one piece of long work, of one goroutine. A nil one lets other goroutines go first and never rests: it
// is for processes that serve no requests, or none yet.
type Pace struct{ since time.Time }

// New is the pace of work that begins now.
func New() *Pace { return &Pace{since: time.Now()} }

// Step is called between steps of a tenth of a millisecond or so, and rests if it is time to.
func (p *Pace) Step() {
	if p == nil {
		runtime.Gosched()
		return
	}
	if time.Since(p.since) >= atOnce {
		time.Sleep(rest)
		p.since = time.Now()
	}
}

// every is how many small steps are one.
const every = 64

// Count is Step for one of many steps that take about a microsecond each: n is how many there were before.
func (p *Pace) Count(n int) {
	if n%every == every-1 {
		p.Step()
	}
}
