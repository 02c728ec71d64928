// Package outcometest reads testdata/outcomes.yaml, the failover policy as data, and sets
// up the upstreams that its cases need. It speaks of outcomes by name, so that the package
// that defines them can be tested with it too.
package outcometest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

// Case is one way to provoke a row of the table.
type Case struct {
	Row      int // 0: no failure
	Name     string
	What     string // what the upstream does
	Why      string // where the decision comes from
	Stream   string // model of the fake provider for streams; empty: not for streams
	Plain    string // the same without streaming
	Endpoint string // below /v1; empty: /chat/completions
	Upstream string // empty: the fake provider; else see Serve
	Judged   string // status, error, or empty when neither alone decides
	Given    Given
	Want     Want
}

// Model gives the model to ask for; ok is false when the case is not for this mode.
func (c Case) Model(stream bool) (model string, ok bool) {
	model = c.Plain
	if stream {
		model = c.Stream
	}
	return model, model != ""
}

// Given is what must be set up.
type Given struct {
	Policy  Policy            `yaml:"policy"`
	Keyword string            `yaml:"keyword"` // a failure keyword
	Count   bool              `yaml:"count"`   // its hits count
	Headers map[string]string `yaml:"headers"` // of the client
	Client  string            `yaml:"client"`  // leaves: at once; leaves_after_first: event
	WarmUp  bool              `yaml:"warm_up"` // one good call before
	Speaks  string            `yaml:"speaks"`  // the only dialect of the upstream
	Request string            `yaml:"request"` // more members of the request
}

// Policy is what a case sets; zero keeps the default.
type Policy struct {
	ConnectTimeout     time.Duration `yaml:"connect_timeout"`
	FirstTokenTimeout  time.Duration `yaml:"first_token_timeout"`
	ResponseTimeout    time.Duration `yaml:"response_timeout"`
	StreamIdleTimeout  time.Duration `yaml:"stream_idle_timeout"`
	StreamTotalTimeout time.Duration `yaml:"stream_total_timeout"`
	EmptyAnswer        string        `yaml:"empty_answer"`
	HedgeAfter         time.Duration `yaml:"hedge_after"`
}

// Want is what follows.
type Want struct {
	Outcome     string        `yaml:"outcome"`
	LastOutcome string        `yaml:"last_outcome"` // when no candidate is left; empty: the same
	Moves       string        `yaml:"moves"`        // always, never, if_safe, if_wider, if_set
	Counts      string        `yaml:"counts"`       // none, target, provider, credential
	Hold        time.Duration `yaml:"hold"`         // zero: the failure window decides
	HoldMax     time.Duration `yaml:"hold_max"`     // above zero: hold doubles up to this
	Unconfirmed bool          `yaml:"unconfirmed"`  // one caller alone opens nothing by it
	MaybeBilled bool          `yaml:"maybe_billed"`
	Retried     string        `yaml:"retried"` // never, last, always; empty: never
	Committed   bool          `yaml:"committed"`
	KeywordLate bool          `yaml:"keyword_late"`
	Skipped     bool          `yaml:"skipped"` // no attempt is made
	Client      Client        `yaml:"client"`
}

// Client is what the client gets when the attempt was the last word.
type Client struct {
	Status     int    `yaml:"status"`
	Code       string `yaml:"code"`        // error.code; empty: null, or not looked at
	Passed     bool   `yaml:"passed"`      // the upstream's own error, as it was
	RetryAfter int    `yaml:"retry_after"` // seconds; 0: not looked at
	Event      string `yaml:"event"`       // error.code of an event inside a stream
	Done       bool   `yaml:"done"`        // a committed stream still ends as whole ones do
}

// Elsewhere is a row or outcome that no case provokes.
type Elsewhere struct {
	Row     int    `yaml:"row"` // 0: no row of its own
	Outcome string `yaml:"outcome"`
	Why     string `yaml:"why"`
}

// Outcome is what follows from an outcome, whatever led to it.
type Outcome struct {
	Name          string `yaml:"name"`
	CountsAgainst string `yaml:"counts_against"` // none, target, provider, credential
	Blame         string `yaml:"blame"`          // none, provider, target, credential, caller, gateway
	Permanent     bool   `yaml:"permanent"`
	NeedsHelp     bool   `yaml:"needs_help"`
	Class         string `yaml:"class"` // empty: blame, and ok for ok
	Label         string `yaml:"label"`
}

// Table is the whole file.
type Table struct {
	Outcomes  []Outcome // in the order of the gateway's own table
	Rows      []Row
	Cases     []Case
	Elsewhere []Elsewhere
}

// Row is what a provider did, and what follows where a case says nothing else.
type Row struct {
	Row  int
	What string
	Want Want
}

// LastRow is the number of the table's last row.
const LastRow = 45

// Load reads and checks the table; a mistake in it fails the test.
func Load(t testing.TB) *Table {
	t.Helper()
	table, err := load()
	if err != nil {
		t.Fatalf("testdata/outcomes.yaml: %v", err)
	}
	return table
}

// Read reads and checks the table, for what is generated of it.
func Read() (*Table, error) {
	table, err := load()
	if err != nil {
		return nil, fmt.Errorf("testdata/outcomes.yaml: %w", err)
	}
	return table, nil
}

// file is the form of outcomes.yaml.
type file struct {
	Outcomes []Outcome `yaml:"outcomes"`
	Rows     []struct {
		Row   int         `yaml:"row"`
		What  string      `yaml:"what"`
		Why   string      `yaml:"why"`
		Want  yaml.Node   `yaml:"want"`
		Cases []yaml.Node `yaml:"cases"`
	} `yaml:"rows"`
	Elsewhere []Elsewhere `yaml:"elsewhere"`
}

// written is the form of one case.
type written struct {
	Name     string    `yaml:"name"`
	Model    string    `yaml:"model"`
	Stream   string    `yaml:"stream"`
	Plain    string    `yaml:"plain"`
	Upstream string    `yaml:"upstream"`
	Endpoint string    `yaml:"endpoint"`
	Judged   string    `yaml:"judged"`
	Given    Given     `yaml:"given"`
	Want     yaml.Node `yaml:"want"`
}

func load() (*Table, error) {
	f, err := open("outcomes.yaml")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	decoder := yaml.NewDecoder(f)
	decoder.KnownFields(true)
	var in file
	if err := decoder.Decode(&in); err != nil {
		return nil, err
	}
	out := &Table{Outcomes: in.Outcomes, Elsewhere: in.Elsewhere}
	for _, row := range in.Rows {
		r := Row{Row: row.Row, What: row.What}
		if err := strict(&row.Want, &r.Want); err != nil {
			return nil, fmt.Errorf("row %d: want: %w", row.Row, err)
		}
		out.Rows = append(out.Rows, r)
		for i := range row.Cases {
			c := Case{Row: row.Row, What: row.What, Why: row.Why}
			if err := c.read(&row.Want, &row.Cases[i]); err != nil {
				return nil, fmt.Errorf("row %d, case %d: %w", row.Row, i+1, err)
			}
			out.Cases = append(out.Cases, c)
		}
	}
	return out, out.check()
}

// read fills the case in; what it does not say comes from its row.
func (c *Case) read(want, node *yaml.Node) error {
	var w written
	if err := strict(node, &w); err != nil {
		return err
	}
	c.Name, c.Stream, c.Plain, c.Upstream, c.Judged, c.Given, c.Endpoint = w.Name, w.Stream, w.Plain, w.Upstream, w.Judged, w.Given, w.Endpoint
	if w.Model != "" {
		if w.Stream != "" || w.Plain != "" {
			return errors.New("set either model or stream and plain, not both")
		}
		c.Stream, c.Plain = w.Model, w.Model
	}
	if err := strict(want, &c.Want); err != nil {
		return fmt.Errorf("want: %w", err)
	}
	if w.Want.Kind == 0 {
		return nil
	}
	if err := strict(&w.Want, &c.Want); err != nil {
		return fmt.Errorf("want: %w", err)
	}
	return nil
}

// strict decodes a node and refuses unknown fields, which Node.Decode does not.
func strict(node *yaml.Node, into any) error {
	text, err := yaml.Marshal(resolve(node))
	if err != nil {
		return err
	}
	return decodeStrict(text, into)
}

// open opens a file of testdata, which it looks for from the test's directory up.
func open(name string) (*os.File, error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return os.Open(filepath.Join(dir, "testdata", name))
		}
		up := filepath.Dir(dir)
		if up == dir {
			return nil, errors.New("no go.mod above the working directory")
		}
		dir = up
	}
}
