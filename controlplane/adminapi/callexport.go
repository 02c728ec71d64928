package adminapi

import (
	"bytes"
	"context"
	"encoding/csv"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/internal/domain/usage"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

const (
	// maxExports is how many exports may run at once.
	maxExports = 8
	// exportPage is how many calls are in memory at once.
	exportPage = 500
	// exportChunk is when a chunk is sent, in bytes.
	exportChunk = 64 << 10
)

// ExportCalls sends calls as the bytes of a file, a page of them in memory at a time.
func (s callService) ExportCalls(ctx context.Context, req *adminv1.ExportCallsRequest, stream adminv1connect.CallServiceExportCallsServerStream) error {
	filter, err := s.filter(ctx, req.GetFilter())
	if err != nil {
		return err
	}
	if filter.To.IsZero() {
		filter.To = s.now() // calls that come in meanwhile are no part of it
	}
	select {
	case s.exports <- struct{}{}:
		defer func() { <-s.exports }()
	default:
		return errs.Newf(errs.ResourceExhausted, "this replica already runs %d exports", maxExports)
	}
	if err := stream.SendHeaders(); err != nil {
		return err
	}
	file := newExport(exportColumns)
	if req.GetFormat() == adminv1.ExportFormat_EXPORT_FORMAT_JSON_LINES {
		file = newExport(nil)
	}
	left := req.GetMaxCalls()
	for {
		filter.Limit = exportPage
		if req.GetMaxCalls() > 0 {
			filter.Limit = int(min(left, exportPage))
		}
		calls, err := s.calls.ListCalls(ctx, filter)
		if err != nil {
			return err
		}
		for _, c := range calls {
			if err := file.add(c); err != nil {
				return err
			}
			if file.out.Len() >= exportChunk {
				if err := stream.Send(&adminv1.ExportCallsResponse{Data: file.take()}); err != nil {
					return err
				}
			}
		}
		left -= int64(len(calls))
		if len(calls) < filter.Limit || req.GetMaxCalls() > 0 && left == 0 {
			break
		}
		filter.After = calls[len(calls)-1].Position()
	}
	if rest := file.take(); len(rest) > 0 {
		return stream.Send(&adminv1.ExportCallsResponse{Data: rest})
	}
	return nil
}

// export writes records in a format.
type export struct {
	out   bytes.Buffer
	table *csv.Writer // nil: JSON lines
}

// newExport begins a file: CSV with these columns, or JSON lines without any.
func newExport(columns []string) *export {
	e := &export{}
	if columns == nil {
		return e
	}
	e.table = csv.NewWriter(&e.out)
	e.table.UseCRLF = true
	_ = e.row(columns) // a buffer takes everything
	return e
}

// take returns what was written since it was asked last.
func (e *export) take() []byte {
	b := bytes.Clone(e.out.Bytes())
	e.out.Reset()
	return b
}

func (e *export) add(c calllog.Call) error {
	if e.table != nil {
		return e.row(exportRow(c))
	}
	return e.line(callView(c, true))
}

// row adds a line of CSV.
func (e *export) row(cells []string) error {
	_ = e.table.Write(cells) // a buffer takes everything
	e.table.Flush()
	return e.table.Error()
}

// line adds a line of JSON.
func (e *export) line(m proto.Message) error {
	line, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(m)
	if err != nil {
		return err
	}
	e.out.Write(append(line, '\n'))
	return nil
}

// exportColumns are the columns of a CSV file, which ExportFormat documents.
var exportColumns = []string{
	"id", "start_time", "node", "endpoint", "model", "group", "api_key", "stream", "outcome", "status", "error_code", "provider",
	"upstream_model", "attempts", "first_token_ms", "duration_ms", "overhead_ms", "input_tokens", "cached_input_tokens", "output_tokens",
	"usage_source", "cost_usd", "trace_id", "cache_write_tokens", "reasoning_tokens", "tokens_per_second", "service_tier", "client_retry",
	"dialect", "provider_dialect", "approximated", "dropped", "affinity_key", "affinity_held", "client_request_id", "incoming_request_id",
	"user", "metadata", "response_id", "previous_response_id", "background", "keyword_after_commit",
}

func exportRow(c calllog.Call) []string {
	firstToken := ""
	if c.GetFirstTokenUs() > 0 {
		firstToken = millis(c.GetFirstTokenUs())
	}
	whole := func(n int64) string { return strconv.FormatInt(n, 10) }
	u, tr := c.GetUsage(), translationOf(c)
	from, to := tr.GetFrom(), tr.GetTo()
	return []string{
		cell(c.GetId()), exportTime(time.UnixMicro(c.GetStartUs())), cell(c.Node), cell(c.GetEndpoint()),
		cell(c.GetModel()), cell(c.GetGroup()), cell(c.GetApiKey()), strconv.FormatBool(c.GetStream()), cell(c.GetOutcome()), whole(int64(c.GetStatus())),
		cell(c.GetErrorCode()), cell(c.GetProvider()), cell(c.GetUpstreamModel()), whole(int64(len(c.GetAttempts()))),
		firstToken, millis(c.GetDurationUs()), millis(c.GetOverheadUs()), whole(u.GetInputTokens()), whole(u.GetCachedInputTokens()),
		whole(u.GetOutputTokens()), cell(u.GetSource()), usage.CostOfPico(c.GetCost()).String(), cell(c.GetTraceId()),
		whole(u.GetCacheWriteTokens()), whole(u.GetReasoningTokens()), tokensPerSecond(c), cell(u.GetServiceTier()), whole(int64(c.GetClientRetry())),
		cell(from), cell(to), cell(strings.Join(tr.GetApproximated(), " ")), cell(strings.Join(tr.GetDropped(), " ")),
		cell(c.GetAffinityKey()), strconv.FormatBool(c.GetAffinityHeld()), cell(c.GetClientRequestId()), cell(c.GetIncomingRequestId()),
		cell(c.GetUser()), cell(metadataText(c.GetMetadata())), cell(c.GetResponseId()), cell(c.GetPreviousResponseId()),
		strconv.FormatBool(c.GetBackground()), strconv.FormatBool(c.GetKeywordAfterCommit()),
	}
}

// translationOf is what the last attempt was translated between; nil: it was not.
func translationOf(c calllog.Call) *nodev1.Translation {
	if n := len(c.GetAttempts()); n > 0 {
		return c.GetAttempts()[n-1].GetTranslation()
	}
	return nil
}

// tokensPerSecond is how many output tokens came a second, from the first token to the end, as the
// console shows it; from the arrival when nothing tells when it came.
func tokensPerSecond(c calllog.Call) string {
	us := c.GetDurationUs()
	if c.GetStream() {
		us -= c.GetFirstTokenUs()
	}
	if us <= 0 || c.GetUsage().GetOutputTokens() == 0 {
		return ""
	}
	return strconv.FormatFloat(float64(c.GetUsage().GetOutputTokens())*1e6/float64(us), 'f', 1, 64)
}

// metadataText is the metadata in the order of its keys, as key=value.
func metadataText(m map[string]string) string {
	parts := make([]string, 0, len(m))
	for _, key := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, key+"="+m[key])
	}
	return strings.Join(parts, "; ")
}

// exportTime writes a time as files have it.
func exportTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

// millis writes microseconds as milliseconds.
func millis(us int64) string { return strconv.FormatFloat(float64(us)/1000, 'f', 3, 64) }

// cell makes a text safe to be opened with a spreadsheet: clients choose some of these
// texts, and one that begins like a formula would be run as one.
func cell(s string) string {
	if trimmed := strings.TrimLeft(s, " \u00a0\ufeff\t\r\n"); trimmed != "" && strings.ContainsRune("=+-@|%\uff1d\uff0b\uff0d\uff20", []rune(trimmed)[0]) ||
		s != "" && strings.ContainsRune("\t\r\n", rune(s[0])) {
		return "'" + s
	}
	return s
}
