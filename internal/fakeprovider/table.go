package fakeprovider

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	mimeJSON = "application/json"
	mimeSSE  = "text/event-stream; charset=utf-8"
	mimeHTML = "text/html; charset=utf-8"
	mimeText = "text/plain; charset=utf-8"

	megabyte = 1 << 20
)

// behaviours is every behaviour there is. The longest name that fits wins.
var behaviours = []behaviour{
	{"ok", "ok", "a good answer", flag(func(*script) {})},
	{"echo", "echo", "a good answer whose text is the last user message", flag(func(s *script) { s.echo = true })},

	{"agent", "agent", "a word and the next of the calls that the user asks for as [[NAME {ARGUMENTS}]], then a word", flag(func(s *script) { s.agent = true })},

	{"slow", "slow-800ms", "wait before the headers", duration(func(s *script, d time.Duration) { s.wait = d })},
	{"first-token", "first-token-2s", "headers at once, wait before the first content", duration(func(s *script, d time.Duration) { s.firstToken = d })},
	{"chunk", "chunk-20ms", "wait between content events", duration(func(s *script, d time.Duration) { s.gap = d })},

	{"status", "status-429-retry-after-7", "this HTTP status with an OpenAI error body; retry-after in seconds", status},
	{"error", "error-insufficient_quota", "the error of this kind, see below", errorAnswer},
	{"redirect", "redirect", "307 to /redirected on this host, which answers well", flag(func(s *script) { s.redirect = true })},
	{"stall-before", "stall-before", "no answer until the client leaves", flag(func(s *script) { s.silent = true })},

	{"200-error", "200-error-insufficient_quota", "the error body of a kind (server_error) with status 200", disguise},
	{"200-html", "200-html", "a web page", fixed(mimeHTML, "<!DOCTYPE html>\n<html><head><title>Welcome</title></head><body><h1>Please sign in</h1></body></html>\n")},
	{"200-null", "200-null", "the JSON value null", fixed(mimeJSON, "null")},
	{"200-empty", "200-empty", "no body", fixed(mimeJSON, "")},
	{"200-malformed", "200-malformed", "JSON with a hole, of the right length", fixed(mimeJSON, `{"id":"chatcmpl-1","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"Hel`)},
	{"200-no-choices", "200-no-choices", "a completion without any choice", fixed(mimeJSON, `{"id":"chatcmpl-1","object":"chat.completion","choices":[],"usage":{"prompt_tokens":24,"completion_tokens":0,"total_tokens":24}}`)},
	{"200-truncated", "200-truncated", "a body shorter than its Content-Length", flag(func(s *script) { s.length = 64; s.form = formJSON })},
	{"200-text-json", "200-text-json", "the right body, labelled text/plain", flag(func(s *script) { s.mime = mimeText; s.form = formJSON })},
	{"sse-for-plain", "sse-for-plain", "a stream although none was asked for", flag(func(s *script) { s.form = formSSE })},
	{"json-for-stream", "json-for-stream", "one JSON answer although a stream was asked for", flag(func(s *script) { s.form = formJSON })},

	{"sse-error-first", "sse-error-first-rate_limit_exceeded", "the first event is the error of a kind (server_error)", errorEvent(func(s *script) { s.errorAt, s.noRole = 0, true })},
	{"sse-error-after-created", "sse-error-after-created", "events without meaning, then the error", errorEvent(func(s *script) { s.errorAt, s.lifecycle = 0, true })},
	{"sse-error-mid", "sse-error-mid-3-overloaded", "so many content events, then the error", errorMid},

	{"cut", "cut-40", "reset the connection after so many bytes of body; 0: before the headers", position(faultReset, false)},
	{"cut-events", "cut-events-3", "reset after so many events, of which the first has only the role", position(faultReset, true)},
	{"eof", "eof-40", "close the connection after so many bytes of body; 0: before the headers", position(faultClose, false)},
	{"eof-events", "eof-events-3", "close after so many events", position(faultClose, true)},
	{"stall", "stall-20", "silence after so many bytes of body, until the client leaves", position(faultStall, false)},
	{"stall-events", "stall-events-3", "silence after so many events", position(faultStall, true)},

	{"empty-stream", "empty-stream", "a stream without any event", flag(func(s *script) { s.noRole, s.noContent, s.noFinish, s.noDone = true, true, true, true })},
	{"empty-role", "empty-role", "a stream with only its role event", flag(func(s *script) { s.noContent, s.noFinish, s.noDone = true, true, true })},
	{"empty-answer", "empty-answer", "a well-formed answer without text", flag(func(s *script) { s.noContent = true })},
	{"no-done", "no-done", "finish_reason, but no [DONE]", flag(func(s *script) { s.noDone = true })},
	{"no-finish", "no-finish", "content, then a clean end", flag(func(s *script) { s.noFinish, s.noDone = true, true })},
	{"bytes-after-done", "bytes-after-done", "a comment and one more event after [DONE]", flag(func(s *script) { s.trailer = ": bye\n\ndata: {\"late\":true}\n\n" })},

	{"keyword", "keyword-overloaded", `"the model is WORDS" in the text: split over events, JSON-escaped; _ is a space`, keyword},
	{"keyword-late", "keyword-late-overloaded", "the same, after 400 characters of other text", keywordLate},
	{"finish", "finish-error", "the answer ends for this reason", finish},
	{"delta", "delta-reasoning_details", "deltas hold this instead of content: reasoning_text, reasoning_details or images", deltaOf},
	{"tokens", "tokens-100", "so many content events", count(1, 100_000, func(s *script, n int) { s.text = strings.SplitAfter(strings.Repeat("word ", n-1)+"end", " ") })},
	{"huge", "huge-64", "so many megabytes of text, 64 KiB an event", count(1, 1024, func(s *script, n int) { s.filler, s.fillEvent = n*megabyte, 64<<10 })},
	{"big-event", "big-event-2mb", "one content event of this size (kb, mb)", bigEvent},

	{"polls", "polls-5", "a response in the background ends when it is asked for so often (2)", count(0, 1000, func(s *script, n int) { s.polls = n })},
	{"ends", "ends-failed", "a response in the background ends so: completed, incomplete, failed or cancelled", endsAs},
	{"label", "label-octets", "whatever is answered is labelled so: json, text, octets or none", label},
	{"usage-none", "usage-none", "no usage, whoever asks", flag(func(s *script) { s.noUsage = true })},
	{"prompt-cache", "prompt-cache", "usage counts the prompt, a token for 4 bytes, and what of its beginning the credential has sent within 5 minutes", flag(func(s *script) { s.promptCache = true })},
	{"comments", "comments", "comments between the events", flag(func(s *script) { s.comments = true })},
	{"crlf", "crlf", "lines end in CR LF", flag(func(s *script) { s.crlf = true })},
	{"no-space", "no-space", "no space after data:", flag(func(s *script) { s.noSpace = true })},
	{"gzip", "gzip", "a gzip body, whatever the client accepts", flag(func(s *script) { s.gzip = true })},
}

func fixed(mime, body string) func(*script, string) error {
	return flag(func(s *script) { s.answer = &answer{status: http.StatusOK, mime: mime, body: body} })
}

// status reads CODE or CODE-retry-after-SECONDS.
func status(s *script, arg string) error {
	text, after, waits := strings.Cut(arg, "-retry-after-")
	code, err := strconv.Atoi(text)
	if err != nil || code < 200 || code > 599 {
		return fmt.Errorf("want a status from 200 to 599, got %q", text)
	}
	s.answer = statusAnswer(code)
	if !waits {
		return nil
	}
	if _, err := strconv.ParseFloat(after, 64); err != nil {
		return fmt.Errorf("want seconds after retry-after, got %q", after)
	}
	s.answer.header = map[string]string{"Retry-After": after}
	return nil
}

func errorAnswer(s *script, arg string) error {
	k, err := findKind(arg)
	if err != nil {
		return err
	}
	s.answer = &answer{status: k.status, mime: k.mime(), header: k.header, body: k.body}
	return nil
}

// disguise is an error body behind a 200; in a stream too, as providers do.
func disguise(s *script, arg string) error {
	k, err := findKind(arg)
	if err != nil {
		return err
	}
	s.answer = &answer{status: http.StatusOK, mime: k.mime(), body: k.body}
	return nil
}

func errorEvent(set func(*script)) func(*script, string) error {
	return func(s *script, arg string) error {
		k, err := findKind(arg)
		if err != nil {
			return err
		}
		set(s)
		s.errorBody = k.body
		return nil
	}
}

// errorMid reads EVENTS or EVENTS-KIND.
func errorMid(s *script, arg string) error {
	events, kind, _ := strings.Cut(arg, "-")
	n, err := strconv.Atoi(events)
	if err != nil || n < 0 {
		return fmt.Errorf("want a number of events, got %q", events)
	}
	return errorEvent(func(s *script) { s.errorAt = n })(s, kind)
}

func keyword(s *script, arg string) error {
	if arg == "" {
		return fmt.Errorf("want words")
	}
	s.escape = true
	s.text = split("Sorry, the model is "+strings.ReplaceAll(arg, "_", " ")+" at the moment.", 5)
	return nil
}

func keywordLate(s *script, arg string) error {
	if err := keyword(s, arg); err != nil {
		return err
	}
	s.text = append(words(strings.Repeat("All is well so far. ", 20)), s.text...)
	return nil
}

func bigEvent(s *script, arg string) error {
	number, unit := arg, 1
	if text, ok := strings.CutSuffix(arg, "kb"); ok {
		number, unit = text, 1<<10
	} else if text, ok := strings.CutSuffix(arg, "mb"); ok {
		number, unit = text, megabyte
	}
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 || n > 1024*megabyte/unit {
		return fmt.Errorf("want a size such as 512kb or 2mb, got %q", arg)
	}
	s.filler, s.fillEvent = n*unit, n*unit
	return nil
}

func endsAs(s *script, arg string) error {
	switch arg {
	case "completed", "incomplete", "failed", "cancelled":
		s.ends = arg
		return nil
	}
	return fmt.Errorf("want completed, incomplete, failed or cancelled, got %q", arg)
}
