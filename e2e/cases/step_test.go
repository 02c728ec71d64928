package cases

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// step is one step of a case.
type step struct {
	want
	Request  *request
	Requests []*request
	Repeat   int
	Expect   *want // in place of what stands beside
	Last     *want // of the last answer as well

	Health      map[string]map[string]any
	Group       string
	UpstreamSaw any `json:"upstream_saw"`

	CLI   []string `json:"cli"`
	Touch string
	Pause float64
	Same  []string

	Program string
	Args    []string
	Env     map[string]string

	GroupFlag string `json:"group_flag"`
}

// request is what the client sends, or what changes of it.
type request struct {
	Method  string
	Path    string
	Headers map[string]string
	Body    any
}

func (q *request) text() string {
	if q.Body == nil {
		return ""
	}
	return text(q.Body)
}

// with gives the request with changes; a member of the body that becomes null goes.
func (q request) with(change *request) request {
	if change == nil {
		return q
	}
	if change.Method != "" {
		q.Method = change.Method
	}
	if change.Path != "" {
		q.Path = change.Path
	}
	q.Headers = maps.Clone(q.Headers)
	if q.Headers == nil {
		q.Headers = map[string]string{}
	}
	maps.Copy(q.Headers, change.Headers)
	base, isObject := q.Body.(map[string]any)
	changes, areMembers := change.Body.(map[string]any)
	switch {
	case isObject && areMembers:
		base = maps.Clone(base)
		maps.Copy(base, changes)
		maps.DeleteFunc(base, func(_ string, v any) bool { return v == nil })
		q.Body = base
	case change.Body != nil:
		q.Body = change.Body
	}
	return q
}

func (r *run) step(n int, s *step) {
	c := &check{r: r, name: fmt.Sprintf("step %d: ", n)}
	seen := len(r.upstream.requests(0))
	switch {
	case s.CLI != nil:
		r.stepCLI(c, s)
	case s.Program != "":
		r.stepProgram(c, s)
	case s.GroupFlag != "":
		r.stepGroupFlag(s)
	default:
		r.stepRequest(c, s)
	}
	if s.UpstreamSaw != nil {
		c.want("what the upstream saw", s.UpstreamSaw, r.upstream.requests(seen))
	}
	if s.Health != nil {
		r.stepHealth(c, s)
	}
	r.wrong = append(r.wrong, c.wrong...)
}

func (r *run) stepRequest(c *check, s *step) {
	var base request
	if path := filepath.Join(r.dir, "request.json"); exists(path) {
		readStrict(r.t, path, &base)
	}
	base.Method = "POST"
	changes := s.Requests
	if changes == nil {
		changes = []*request{s.Request}
	}
	var answers []*answer
	for range max(s.Repeat, 1) {
		for _, change := range changes {
			answers = append(answers, r.gateway.send(r.ctx, base.with(change)))
		}
	}
	expect := s.Expect
	if expect == nil {
		expect = &s.want
	}
	for i, a := range answers {
		a.call = r.gateway.record(r.ctx, a)
		one := check{r: r, name: fmt.Sprintf("%scall %d: ", c.name, i+1)}
		one.answer(expect, a)
		if s.Last != nil && i == len(answers)-1 {
			one.answer(s.Last, a)
		}
		c.wrong = append(c.wrong, one.wrong...)
		if len(one.wrong) > 0 {
			return // the others say the same
		}
	}
}

// What health has to be is reported every few seconds. What must come is waited for; what must not
// come is given time to.
const (
	settle = 1500 * time.Millisecond
	report = 20 * time.Second
)

func (r *run) stepHealth(c *check, s *step) {
	group := s.Group
	if group == "" {
		group = "g"
	}
	comes := false
	for _, w := range s.Health {
		comes = comes || w["cooled"] == true || w["remaining"] != nil || w["failures"] != nil
	}
	until := time.Now().Add(report)
	if !comes {
		until = time.Now()
		time.Sleep(settle)
	}
	for {
		one := check{r: r, name: c.name}
		got := r.gateway.health(r.ctx, group)
		for provider, wants := range s.Health {
			for name, value := range wants {
				one.want("health of "+provider+": "+name, value, got[provider][name])
			}
		}
		if len(one.wrong) == 0 || time.Now().After(until) {
			c.wrong = append(c.wrong, one.wrong...)
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// stepCLI runs trunklinectl; same are paths whose values no run may change.
func (r *run) stepCLI(c *check, s *step) {
	var all []ran
	for range max(s.Repeat, 1) {
		if s.Touch != "" {
			path, now := filepath.Join(r.dir, s.Touch), time.Now()
			if err := os.Chtimes(path, now, now); err != nil {
				r.t.Fatal(err)
			}
			time.Sleep(time.Duration(s.Pause * float64(time.Second)))
		}
		all = append(all, r.gateway.ctl(r.ctx, s.CLI...))
	}
	c.output(&s.want, all[len(all)-1])
	for _, path := range s.Same {
		for _, one := range all {
			if got, want := at(decoded(one.out), path), at(decoded(all[0].out), path); one.code != 0 || !same(want, got) {
				c.fail(path+" of several runs", got, want)
			}
		}
	}
}

// output checks what a program wrote.
func (c *check) output(w *want, p ran) {
	c.anyOf(w.AnyOf, func(one *check, w *want) { one.output(w, p) })
	both := p.out + p.errors
	if w.WithLog {
		both += c.r.gateway.process.Log()
	}
	c.want("the exit status", w.Exit, p.code)
	for _, s := range w.OutputHas {
		if !regexp.MustCompile(s).MatchString(both) {
			c.fail("the output", both, "matching "+s)
		}
	}
	for _, s := range w.OutputLacks {
		if found := regexp.MustCompile(s).FindString(both); found != "" {
			c.fail("the output", both, "without "+found)
		}
	}
	for path, value := range w.JSON {
		c.want(path, value, at(decoded(p.out), path))
	}
}

// stepProgram runs a program to its end.
func (r *run) stepProgram(c *check, s *step) {
	env := []string{"TRUNKLINE_LISTEN=" + anyPort, "TRUNKLINE_OPS_LISTEN=" + anyPort, "ADMIN_PASSWORD=" + password}
	for name, value := range s.Env {
		env = append(env, name+"="+value)
	}
	c.output(&s.want, execute(r.ctx, r.t, s.Program, r.dir, env, s.Args))
}

var groupHead = regexp.MustCompile(`(?m)^(kind: Group\nname: g\n)`)

// stepGroupFlag finds the flag of groups update whose name fits, and sets that policy of group g.
func (r *run) stepGroupFlag(s *step) {
	help := r.gateway.ctl(r.ctx, "groups", "update", "--help").out
	m := regexp.MustCompile(`--policy\.([a-z-]*(?:` + s.GroupFlag + `)[a-z-]*)`).FindStringSubmatch(help)
	if m == nil {
		r.wrong = append(r.wrong, "trunklinectl groups update has no flag --policy.*"+s.GroupFlag+"*")
		return
	}
	config, err := os.ReadFile(filepath.Join(r.dir, "config.yaml"))
	if err != nil {
		r.t.Fatal(err)
	}
	path := filepath.Join(r.dir, "with-policy.yaml")
	for _, value := range switchedOn {
		policy := "${1}policy: {" + strings.ReplaceAll(m[1], "-", "_") + ": " + value + "}\n"
		if err := os.WriteFile(path, groupHead.ReplaceAll(config, []byte(policy)), 0o600); err != nil {
			r.t.Fatal(err)
		}
		if applied := r.gateway.ctl(r.ctx, "apply", "-f", path); applied.code == 0 {
			r.awaitRevision()
			return
		}
	}
	r.wrong = append(r.wrong, "the policy "+m[1]+" cannot be set")
}

// switchedOn is what may switch a policy on.
var switchedOn = []string{"true", "move_on"}

// awaitRevision waits until the node serves the newest revision.
func (r *run) awaitRevision() {
	r.gateway.poll(r.ctx, "the newest revision is served", func() bool {
		list := r.gateway.rpc(r.ctx, "NodeService/ListNodes", map[string]any{})
		nodes, _ := at(list, "nodes").([]any)
		return len(nodes) > 0 && !slices.ContainsFunc(nodes, func(n any) bool { return !same(at(n, "appliedRevision"), at(list, "revision")) })
	})
}
