package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// startScenarios are what it takes to have an all-in-one at all: target S9.
var startScenarios = []scenario{{
	name: "start", about: "S9: all-in-one, from the start of the process to the first answered call, with no data and again with what the first left; memory at rest",
	runs: allInOnes,
	metrics: []metric{
		{Name: "first start", Unit: "ms"}, {Name: "start again", Unit: "ms"}, {Name: "CPU of first", Unit: "ms"}, {Name: "CPU of again", Unit: "ms"},
		{Name: "idle", Unit: "MB"},
	},
	measure: startTwice,
}}

// startTwice starts an all-in-one on an empty folder, and once more on the same.
func startTwice(ctx context.Context, b *bench, s *system) (values, result, error) {
	dir, err := os.MkdirTemp(b.dir, "start-")
	if err != nil {
		return nil, result{}, fmt.Errorf("make a directory: %w", err)
	}
	defer os.RemoveAll(dir)
	v := values{}
	for _, which := range []string{"first", "again"} {
		began := time.Now()
		one, err := b.startAllInOne(ctx, filepath.Base(dir), s.program, dir)
		if err != nil {
			return nil, result{}, err
		}
		took := float64(time.Since(began).Microseconds()) / 1e3
		cpu, err := cpuTime(one.pids())
		v["CPU of "+which] = float64(cpu.Milliseconds())
		if which == "first" {
			v["first start"] = took
		} else {
			v["start again"] = took
			rest(ctx, b.options.settle)
			idle, failed := memory(one.pids(), "VmRSS")
			v["idle"], err = mib(idle), errors.Join(err, failed)
		}
		if err := errors.Join(err, s.retire(ctx, one)); err != nil {
			return nil, result{}, err
		}
	}
	return v, result{}, nil
}
