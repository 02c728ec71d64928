package telemetry

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// environment is what the variables say; the rest of them is read by the SDK itself.
type environment struct {
	traces, metrics signal
	sampler         sdktrace.Sampler
	propagates      bool // W3C trace context
	oldNames        bool
}

// signal is how one of them is sent.
type signal struct {
	on       bool
	protocol string
}

// The protocols.
const (
	protocolGRPC = "grpc"
	protocolHTTP = "http/protobuf"
)

func readEnvironment() (e environment, err error) {
	off, err := boolean("OTEL_SDK_DISABLED")
	if err != nil || off {
		return environment{}, err
	}
	if e.traces, err = readSignal("TRACES"); err != nil {
		return environment{}, err
	}
	if e.metrics, err = readSignal("METRICS"); err != nil {
		return environment{}, err
	}
	if e.sampler, err = readSampler(); err != nil {
		return environment{}, err
	}
	if e.propagates, err = readPropagators(); err != nil {
		return environment{}, err
	}
	e.oldNames = slices.Contains(list("OTEL_SEMCONV_STABILITY_OPT_IN"), "gen_ai/dup")
	return e, nil
}

// readSignal is on where an exporter or an endpoint is named.
func readSignal(name string) (signal, error) {
	s := signal{protocol: cmp.Or(variable("OTEL_EXPORTER_OTLP_"+name+"_PROTOCOL"), variable("OTEL_EXPORTER_OTLP_PROTOCOL"), protocolHTTP)}
	switch exporter := variable("OTEL_" + name + "_EXPORTER"); exporter {
	case "none":
		return signal{}, nil
	case "":
		s.on = variable("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || variable("OTEL_EXPORTER_OTLP_"+name+"_ENDPOINT") != ""
	case "otlp":
		s.on = true
	default:
		return signal{}, fmt.Errorf("OTEL_%s_EXPORTER is %q: use otlp or none", name, exporter)
	}
	if s.on && s.protocol != protocolGRPC && s.protocol != protocolHTTP {
		return signal{}, fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL is %q: use %s or %s", s.protocol, protocolGRPC, protocolHTTP)
	}
	return s, nil
}

// readSampler reads which traces that begin here, or come from a client, are recorded.
func readSampler() (sdktrace.Sampler, error) {
	name := cmp.Or(variable("OTEL_TRACES_SAMPLER"), "parentbased_always_on")
	base, follows := strings.CutPrefix(name, "parentbased_")
	var s sdktrace.Sampler
	switch base {
	case "always_on":
		s = sdktrace.AlwaysSample()
	case "always_off":
		s = sdktrace.NeverSample()
	case "traceidratio":
		text := cmp.Or(variable("OTEL_TRACES_SAMPLER_ARG"), "1")
		ratio, err := strconv.ParseFloat(text, 64)
		if err != nil || !(ratio >= 0 && ratio <= 1) {
			return nil, fmt.Errorf("OTEL_TRACES_SAMPLER_ARG is %q: use a number from 0 to 1", text)
		}
		s = sdktrace.TraceIDRatioBased(ratio)
	default:
		return nil, fmt.Errorf("OTEL_TRACES_SAMPLER is %q: use always_on, always_off or traceidratio, or parentbased_ before one of them", name)
	}
	if follows {
		s = sdktrace.ParentBased(s)
	}
	return s, nil
}

// readPropagators reads whether trace context is taken from clients; baggage never is.
func readPropagators() (bool, error) {
	names := list("OTEL_PROPAGATORS")
	for _, name := range names {
		switch name {
		case "tracecontext", "baggage", "none":
		default:
			return false, fmt.Errorf("OTEL_PROPAGATORS names %q: use tracecontext or none", name)
		}
	}
	return len(names) == 0 || slices.Contains(names, "tracecontext"), nil
}

func boolean(name string) (bool, error) {
	switch strings.ToLower(variable(name)) {
	case "", "false":
		return false, nil
	case "true":
		return true, nil
	}
	return false, fmt.Errorf("%s is neither true nor false", name)
}

func variable(name string) string { return strings.TrimSpace(os.Getenv(name)) }

// list reads names that are separated by commas.
func list(name string) (all []string) {
	for part := range strings.SplitSeq(variable(name), ",") {
		if part = strings.TrimSpace(part); part != "" {
			all = append(all, part)
		}
	}
	return all
}
