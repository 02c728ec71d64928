package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// allInOneConfig serves the bench's models from the upstream, as snapshot does for a node.
func allInOneConfig(upstream string) string {
	var doc strings.Builder
	fmt.Fprintf(&doc, "kind: Provider\nname: main\nbase_url: http://%s/v1\nallow_private_network: true\ncredentials: [{name: main, secret: sk-upstream}]\nmodels:\n", upstream)
	for _, model := range benchModels {
		fmt.Fprintf(&doc, "  - {id: %s, price: {input: \"0.15\", cached_input: \"0.075\", output: \"0.60\"}}\n", model)
	}
	for _, model := range benchModels {
		fmt.Fprintf(&doc, "---\nkind: Group\nname: %s\nmembers: [{provider: main, model: %s, priority: 1}]\n", model, model)
	}
	fmt.Fprintf(&doc, "---\nkind: ApiKey\nname: bench\ngroups: [%s]\nsecret: %s\n", strings.Join(benchModels, ", "), clientKey)
	return doc.String()
}

// servingOps finds the address for operators in the line that says that the process serves.
var servingOps = regexp.MustCompile(`msg=serving .*ops=http://(\S+)`)

// startAllInOne starts an all-in-one with its data in dir and waits until it answers a call.
func (b *bench) startAllInOne(ctx context.Context, name, program, dir string) (*system, error) {
	file := filepath.Join(dir, "config.yaml")
	if err := os.WriteFile(file, []byte(allInOneConfig(b.upstream)), 0o600); err != nil {
		return nil, fmt.Errorf("write the configuration: %w", err)
	}
	s := &system{name: name, door: ownDoor, command: commandAllInOne, program: program}
	err := b.cpus.proxy.with(func() (err error) {
		s.process, s.address, err = start(ctx, serving, dir, []string{
			"TRUNKLINE_LISTEN=127.0.0.1:0", "TRUNKLINE_OPS_LISTEN=127.0.0.1:0", "TRUNKLINE_DATA_DIR=" + dir, "TRUNKLINE_APPLY=" + file,
			"DATABASE_URL=sqlite://" + filepath.Join(dir, "trunkline.db"), "ADMIN_PASSWORD=the password of the bench",
		}, program)
		return err
	})
	if err != nil {
		return nil, err
	}
	operators := s.process.find(servingOps)
	s.recorded = func(ctx context.Context) (int, error) { return storedCalls(ctx, operators) }
	if err := s.awaitAnswer(ctx); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

// awaitAnswer asks until a call is answered, which is then counted as any other.
func (s *system) awaitAnswer(ctx context.Context) error {
	c := newClient(s.address)
	defer c.close()
	ask := s.door.chat(modelPlain, false, 1<<10)
	for deadline := time.Now().Add(startTime); ; rest(ctx, time.Millisecond) {
		_, err := c.do(ask)
		if err == nil {
			s.asked++
			return nil
		}
		if ctx.Err() != nil || time.Now().After(deadline) {
			return fmt.Errorf("%s answers no call: %w\n%s", s.name, err, s.process.output())
		}
	}
}

// storedCalls is how many calls an all-in-one has in its database since it started.
func storedCalls(ctx context.Context, operators string) (int, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+operators+"/metrics", nil)
	if err != nil {
		return 0, fmt.Errorf("read metrics: %w", err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, fmt.Errorf("read metrics: %w", err)
	}
	defer answer.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(answer.Body)
	if err != nil {
		return 0, fmt.Errorf("read metrics: %w", err)
	}
	for _, m := range families["trunkline_calls_stored_total"].GetMetric() {
		return int(m.GetCounter().GetValue()), nil
	}
	return 0, fmt.Errorf("read metrics: no trunkline_calls_stored_total at %s", operators)
}
