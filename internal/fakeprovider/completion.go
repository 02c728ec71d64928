package fakeprovider

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// What every answer's usage says of its prompt. Its completion tokens are its content events.
const (
	PromptTokens = 24
	CachedTokens = 8
)

// frame is some bytes of a body and what comes before them.
type frame struct {
	wait  time.Duration
	data  []byte
	event bool // an SSE event; false for comments and plain bodies
}

type completion struct {
	ID                string          `json:"id"`
	Object            string          `json:"object"`
	Created           int64           `json:"created"`
	Model             string          `json:"model"`
	Choices           []choice        `json:"choices"`
	Usage             json.RawMessage `json:"usage,omitempty"`
	ServiceTier       string          `json:"service_tier"`
	SystemFingerprint string          `json:"system_fingerprint"`
}

type choice struct {
	Index        int             `json:"index"`
	Message      *message        `json:"message,omitempty"`
	Delta        json.RawMessage `json:"delta,omitempty"`
	Logprobs     json.RawMessage `json:"logprobs"`
	FinishReason *string         `json:"finish_reason"`
}

type message struct {
	Role        string     `json:"role"`
	Content     *string    `json:"content"`
	ToolCalls   []toolCall `json:"tool_calls,omitempty"`
	Refusal     *string    `json:"refusal"`
	Annotations []string   `json:"annotations"`
}

type toolCall struct {
	ID       string `json:"id"`
	Type     string `json:"type"`
	Function struct {
		Name      string `json:"name"`
		Arguments string `json:"arguments"`
	} `json:"function"`
}

const (
	toolArguments = `{"location":"Paris","unit":"celsius"}`
	fillerText    = "All work and no play makes the gateway a dull box. "
	fillerMark    = "@@filler@@"
)

// author writes the completion of one request.
type author struct {
	script *script
	req    request
	lead   string // text before a call of a tool
	// arguments are what a tool is called with.
	arguments string
	base      completion
	id        string
	mime      string // of a plain answer, when it is not what the endpoint always answers
	prompt    promptUsage
}

func newAuthor(s *script, req request, id string, now time.Time) *author {
	if s.echo {
		s.text = words(req.lastUser)
	}
	if s.noContent {
		s.text = nil
	}
	a := &author{script: s, req: req, arguments: toolArguments, id: id, prompt: everyPrompt, base: completion{
		ID: "chatcmpl-" + id, Created: now.Unix(), Model: req.model,
		ServiceTier: "default", SystemFingerprint: "fp_50cad350e4",
	}}
	if s.agent {
		a.turn()
	}
	return a
}

// pieces is the content of one choice, one for each event.
func (a *author) pieces() []string {
	if a.req.tool != "" {
		return split(a.arguments, 8)
	}
	return a.script.text
}

// fillers says how often the filler of fillEvent bytes is sent.
func (a *author) fillers() int {
	if a.script.fillEvent == 0 || a.req.tool != "" {
		return 0
	}
	return a.script.filler / a.script.fillEvent
}

func (a *author) finishReason() *string {
	reason := "stop"
	if a.req.tool != "" {
		reason = "tool_calls"
	}
	reason = cmp.Or(a.script.finish, reason)
	return &reason
}

func (a *author) usage() json.RawMessage {
	if a.script.noUsage {
		return nil
	}
	out := (len(a.pieces()) + a.fillers()) * a.req.n
	return fmt.Appendf(nil, `{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d,`+
		`"prompt_tokens_details":{"cached_tokens":%d,"audio_tokens":0},`+
		`"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}`,
		a.prompt.all, out, a.prompt.all+out, a.prompt.cached)
}

// plain is the answer to a request without stream.
func (a *author) plain() []frame {
	doc := a.base
	doc.Object, doc.Usage = "chat.completion", a.usage()
	for i := range a.req.n {
		m := &message{Role: "assistant", Annotations: []string{}}
		content := strings.Join(a.script.text, "")
		switch {
		case a.req.tool != "":
			call := toolCall{ID: a.callID(i), Type: "function"}
			call.Function.Name, call.Function.Arguments = a.req.tool, a.arguments
			m.ToolCalls = []toolCall{call}
			if a.lead != "" {
				m.Content = &a.lead
			}
		case a.fillers() > 0 && i == 0:
			content += fillerMark
			m.Content = &content
		default:
			m.Content = &content
		}
		doc.Choices = append(doc.Choices, choice{Index: i, Message: m, FinishReason: a.finishReason()})
	}
	body := marshal(doc)
	if a.script.escape {
		body = bytes.Replace(body, marshal(strings.Join(a.script.text, "")), a.quote(strings.Join(a.script.text, "")), 1)
	}
	head, tail, filled := bytes.Cut(body, []byte(fillerMark))
	if !filled {
		return []frame{{data: body}}
	}
	frames := []frame{{data: head}}
	for range a.fillers() {
		frames = append(frames, frame{data: filler(a.script.fillEvent)})
	}
	return append(frames, frame{data: tail})
}

// stream is the answer to a request with stream.
func (a *author) stream() []frame {
	s := a.script
	var frames []frame
	if s.lifecycle {
		frames = append(frames, a.lifecycle()...)
	}
	if !s.noRole {
		for i := range a.req.n {
			if a.lead != "" {
				frames = append(frames, a.delta(i, fmt.Appendf(nil, `{"role":"assistant","content":%s}`, marshal(a.lead)), nil))
			}
			frames = append(frames, a.delta(i, a.firstDelta(i), nil))
		}
	}
	if s.errorAt < 0 || s.errorAt > 0 {
		frames = append(frames, a.content(func(i int, text []byte) frame { return a.delta(i, a.contentDelta(text), nil) })...)
	}
	if s.errorAt >= 0 {
		return append(frames, a.streamError())
	}
	if !s.noFinish {
		for i := range a.req.n {
			frames = append(frames, a.delta(i, []byte("{}"), a.finishReason()))
		}
	}
	if a.req.includeUsage && !s.noUsage && !s.noFinish {
		doc := a.base
		doc.Object, doc.Choices, doc.Usage = "chat.completion.chunk", []choice{}, a.usage()
		frames = append(frames, a.event("", marshal(doc)))
	}
	if !s.noDone {
		frames = append(frames, a.event("", []byte("[DONE]")))
	}
	if s.trailer != "" {
		frames = append(frames, frame{data: a.lines(s.trailer)})
	}
	return frames
}

// content is the events that hold text, with their pauses. write makes one of a choice's
// index and a piece of text as JSON.
func (a *author) content(write func(i int, text []byte) frame) []frame {
	var frames []frame
	add := func(f frame) {
		f.wait = a.script.gap
		if len(frames) == 0 {
			f.wait = a.script.firstToken
		}
		if a.script.comments {
			frames = append(frames, frame{wait: f.wait, data: a.lines(": PROCESSING\n\n")})
			f.wait = 0
		}
		frames = append(frames, f)
	}
	for k, piece := range a.pieces() {
		if k == a.script.errorAt {
			return frames
		}
		for i := range a.req.n {
			add(write(i, a.quotePiece(piece)))
		}
	}
	if n := a.fillers(); n > 0 {
		f := write(0, fmt.Appendf(nil, `"%s"`, filler(a.script.fillEvent)))
		for range n {
			add(f)
		}
	}
	return frames
}

func (a *author) firstDelta(i int) json.RawMessage {
	if a.req.tool == "" {
		return json.RawMessage(`{"role":"assistant","content":"","refusal":null}`)
	}
	head := `"role":"assistant","content":null,`
	if a.lead != "" {
		head = ""
	}
	return fmt.Appendf(nil, `{`+head+`"tool_calls":[{"index":0,"id":%q,"type":"function","function":{"name":%s,"arguments":""}}],"refusal":null}`,
		a.callID(i), marshal(a.req.tool))
}

func (a *author) contentDelta(text []byte) json.RawMessage {
	switch {
	case a.script.member != "":
		return fmt.Appendf(nil, `{%q:`+deltaForms[a.script.member]+`}`, a.script.member, text)
	case a.req.tool == "":
		return fmt.Appendf(nil, `{"content":%s}`, text)
	}
	return fmt.Appendf(nil, `{"tool_calls":[{"index":0,"function":{"arguments":%s}}]}`, text)
}

func (a *author) quotePiece(piece string) []byte {
	if a.req.tool != "" {
		return marshal(piece)
	}
	return a.quote(piece)
}

func (a *author) callID(i int) string {
	return fmt.Sprintf("call_%s%02d", strings.TrimPrefix(a.base.ID, "chatcmpl-")[:22], i)
}

// delta is one chunk for one choice.
func (a *author) delta(i int, delta json.RawMessage, finish *string) frame {
	doc := a.base
	doc.Object = "chat.completion.chunk"
	doc.Choices = []choice{{Index: i, Delta: delta, FinishReason: finish}}
	if a.req.includeUsage && !a.script.noUsage {
		doc.Usage = json.RawMessage("null")
	}
	return a.event("", marshal(doc))
}

// lifecycle is events that say nothing yet, of every sort that providers send.
func (a *author) lifecycle() []frame {
	doc := a.base
	doc.Object, doc.Choices = "chat.completion.chunk", []choice{}
	filter := append(bytes.TrimSuffix(marshal(doc), []byte("}")), `,"prompt_filter_results":[{"prompt_index":0,"content_filter_results":{}}]}`...)
	return []frame{
		{data: a.lines(": PROCESSING\n\n")},
		a.event("response.created", fmt.Appendf(nil, `{"type":"response.created","sequence_number":0,"response":{"id":"resp_%s","object":"response","status":"in_progress","error":null,"output":[]}}`, a.base.ID)),
		a.event("", filter),
	}
}

// event writes one SSE event; data of several lines takes several data lines.
func (a *author) event(name string, data []byte) frame {
	var b bytes.Buffer
	if name != "" {
		b.WriteString("event: " + name + "\n")
	}
	field := "data: "
	if a.script.noSpace {
		field = "data:"
	}
	for line := range bytes.SplitSeq(bytes.TrimRight(data, "\r\n"), []byte("\n")) {
		b.WriteString(field)
		b.Write(bytes.TrimRight(line, "\r"))
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	return frame{data: a.lines(b.String()), event: true}
}

func (a *author) lines(text string) []byte {
	if a.script.crlf {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	return []byte(text)
}

// errorName is the event name an error comes under: Anthropic names its events.
func errorName(body string) string {
	if strings.HasPrefix(body, `{"type":"error"`) {
		return "error"
	}
	return ""
}

// quote writes a JSON string; with escape, its first letter as \uXXXX.
func (a *author) quote(text string) []byte {
	quoted := marshal(text)
	if !a.script.escape {
		return quoted
	}
	for i, c := range quoted {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			return fmt.Appendf(nil, `%s\u%04x%s`, quoted[:i], c, quoted[i+1:])
		}
	}
	return quoted
}

func filler(size int) []byte {
	return bytes.Repeat([]byte(fillerText), size/len(fillerText)+1)[:size]
}

// marshal is JSON without HTML escapes, as providers write it.
func marshal(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err) // only our own types come here
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}
