package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// report is what a run found. It is also the JSON output.
type report struct {
	Started   time.Time `json:"started"`
	Go        string    `json:"go"`
	CPUs      int       `json:"cpus"`
	Rounds    int       `json:"rounds"`
	Time      string    `json:"time_per_measurement"`
	Scenarios []outcome `json:"scenarios"`
	Records   []records `json:"call_records"`
}

// outcome is one scenario's table.
type outcome struct {
	Name    string   `json:"name"`
	About   string   `json:"about"`
	Metrics []metric `json:"metrics"`
	Rows    []*row   `json:"rows"`
}

// row is what one system showed in one scenario.
type row struct {
	System   string             `json:"system"`
	Requests int                `json:"requests"`
	Chunks   int                `json:"chunks,omitempty"`
	Errors   int                `json:"errors"`
	Error    string             `json:"first_error,omitempty"`
	Median   map[string]float64 `json:"median"`          // of the rounds
	Spread   map[string]float64 `json:"spread"`          // largest minus smallest round
	Ratio    map[string]float64 `json:"ratio,omitempty"` // median of the rounds' ratios to the first proxy
	ours     bool               // it is a Trunkline
	rounds   []values
}

// records compares what a Trunkline was asked with what it shipped.
type records struct {
	System   string `json:"system"`
	Requests int    `json:"requests"`
	Calls    int    `json:"calls"`
}

func newReport(o options) *report {
	return &report{Started: time.Now().UTC(), Go: runtime.Version(), CPUs: runtime.NumCPU(), Rounds: o.rounds, Time: o.time.String()}
}

// Failed reports whether any request to a Trunkline failed or any call record is missing.
// Errors of the others are shown, no more: httputil.ReverseProxy cuts a stream now and then,
// when an answer begins before net/http has seen the end of the request's body.
func (r *report) Failed() bool {
	for _, o := range r.Scenarios {
		for _, row := range o.Rows {
			if row.ours && row.Errors > 0 {
				return true
			}
		}
	}
	return slices.ContainsFunc(r.Records, func(c records) bool { return c.Requests != c.Calls })
}

// measure runs one scenario, all systems in turn in every round.
func (b *bench) measure(ctx context.Context, s scenario, r *report) error {
	var systems []*system
	for _, one := range b.systems {
		if s.runs != nil && s.runs(one) && b.options.measures(one.name) && (!s.fresh || one.start != nil) {
			systems = append(systems, one)
		}
	}
	if s.more != nil {
		more, err := s.more(ctx, b)
		defer func() {
			for _, one := range more {
				one.stop()
			}
		}()
		if err != nil {
			return err
		}
		systems = append(systems, more...)
	}
	if len(systems) == 0 {
		return errors.New("none of the systems takes part in this scenario")
	}
	o := outcome{Name: s.name, About: s.about, Metrics: s.metrics}
	for _, one := range systems {
		o.Rows = append(o.Rows, &row{System: one.name, ours: one.ours()})
	}
	for range cmp.Or(s.rounds, b.options.rounds) {
		for i, one := range systems {
			v, got, err := b.once(ctx, s, one)
			if err != nil {
				return fmt.Errorf("%s: %w", one.name, err)
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
			o.Rows[i].take(v, got)
		}
	}
	o.conclude()
	r.Scenarios = append(r.Scenarios, o)
	return nil
}

// once measures one system once.
func (b *bench) once(ctx context.Context, s scenario, one *system) (v values, got result, err error) {
	if s.fresh {
		process, end, failed := b.fresh(ctx, one)
		if failed != nil {
			return nil, got, failed
		}
		defer func() { err = errors.Join(err, end()) }()
		one = process
	}
	v, got, err = s.measure(ctx, b, one)
	one.asked += got.requests
	return v, got, err
}

func (r *row) take(v values, got result) {
	r.Requests += got.requests
	r.Chunks += got.chunks
	r.Errors += got.errors
	if got.err != nil && r.Error == "" {
		r.Error = got.err.Error()
	}
	r.rounds = append(r.rounds, v)
}

// conclude computes medians, and ratios to the first row that is a proxy.
func (o *outcome) conclude() {
	base := o.Rows[0]
	if base.System == direct && len(o.Rows) > 1 {
		base = o.Rows[1]
	}
	for _, m := range o.Metrics {
		if m.over != "" && o.Rows[0].System == direct {
			for _, row := range o.Rows[1:] {
				for i, v := range row.rounds {
					v[m.Name] = v[m.over] - o.Rows[0].rounds[i][m.over]
				}
			}
		}
	}
	for _, row := range o.Rows {
		row.Median, row.Spread, row.Ratio = map[string]float64{}, map[string]float64{}, map[string]float64{}
		for _, m := range o.Metrics {
			var all, ratios []float64
			for i, v := range row.rounds {
				if x, ok := v[m.Name]; ok {
					all = append(all, x)
					if y := base.rounds[i][m.Name]; y > 0 {
						ratios = append(ratios, x/y)
					}
				}
			}
			if len(all) == 0 {
				continue
			}
			row.Median[m.Name] = round(median(all))
			row.Spread[m.Name] = round(slices.Max(all) - slices.Min(all))
			if len(ratios) == len(all) {
				row.Ratio[m.Name] = round(median(ratios))
			}
		}
	}
}

func median(all []float64) float64 {
	slices.Sort(all)
	n := len(all)
	return (all[(n-1)/2] + all[n/2]) / 2
}

func round(x float64) float64 { return math.Round(x*1000) / 1000 }

// print writes the tables: for each metric the median of the rounds, how far the rounds
// lie apart, and the ratio.
func (r *report) print(w io.Writer) error {
	fmt.Fprintf(w, "%s, %d CPUs, %d rounds of %s. Each cell: median of the rounds ±half their spread (ratio to the first proxy, median of the rounds' ratios).\n",
		r.Go, r.CPUs, r.Rounds, r.Time)
	for _, o := range r.Scenarios {
		fmt.Fprintf(w, "\n%s: %s\n", o.Name, o.About)
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		head := []string{"system"}
		for _, m := range o.Metrics {
			head = append(head, m.Name+", "+m.Unit)
		}
		fmt.Fprintln(t, strings.Join(append(head, "requests", "chunks", "errors"), "\t"))
		for _, row := range o.Rows {
			cells := []string{row.System}
			for _, m := range o.Metrics {
				cells = append(cells, row.cell(m.Name))
			}
			fmt.Fprintf(t, "%s\t%d\t%d\t%d\n", strings.Join(cells, "\t"), row.Requests, row.Chunks, row.Errors)
		}
		if err := t.Flush(); err != nil {
			return fmt.Errorf("print: %w", err)
		}
		for _, row := range o.Rows {
			if row.Error != "" {
				fmt.Fprintf(w, "first error of %s: %s\n", row.System, row.Error)
			}
		}
	}
	fmt.Fprintln(w)
	for _, c := range r.Records {
		fmt.Fprintf(w, "%s: %d requests, %d call records\n", c.System, c.Requests, c.Calls)
	}
	return nil
}

// write writes the results as JSON.
func (r *report) write(path string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("write the results: %w", err)
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

func (r *row) cell(name string) string {
	x, ok := r.Median[name]
	if !ok {
		return "-"
	}
	cell := fmt.Sprintf("%.4g ±%.2g", x, r.Spread[name]/2)
	if ratio, ok := r.Ratio[name]; ok {
		cell += fmt.Sprintf(" (%.2f)", ratio)
	}
	return cell
}
