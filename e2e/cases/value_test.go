package cases

import (
	"encoding/json"
	"fmt"
	"math/big"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// operators are how an object says what a value has to be.
var operators = []string{"in", "not", "min", "max", "match", "lacks", "absent", "count"}

// holds reports whether a value is as one operator wants it.
func holds(operator string, want, got any) bool {
	among := func() bool { return slices.ContainsFunc(list(want), func(w any) bool { return same(w, got) }) }
	switch operator {
	case "in":
		return among()
	case "not":
		return !among()
	case "min":
		return compare(got, want, func(c int) bool { return c >= 0 })
	case "max":
		return compare(got, want, func(c int) bool { return c <= 0 })
	case "match":
		return regexp.MustCompile(fmt.Sprint(want)).MatchString(text(got))
	case "lacks":
		return !regexp.MustCompile(fmt.Sprint(want)).MatchString(text(got))
	case "absent":
		return (got == nil) == (want == true)
	case "count":
		switch v := got.(type) {
		case []any:
			return fits(want, len(v))
		case map[string]any:
			return fits(want, len(v))
		}
	}
	return false
}

// fits reports whether a value is as wanted: equal, or as the operators of an object say.
func fits(want, got any) bool {
	object, is := want.(map[string]any)
	if !is || len(object) == 0 {
		return same(want, got)
	}
	for name := range object {
		if !slices.Contains(operators, name) {
			return same(want, got)
		}
	}
	for name, w := range object {
		if !holds(name, w, got) {
			return false
		}
	}
	return true
}

func list(v any) []any {
	if all, is := v.([]any); is {
		return all
	}
	return []any{v}
}

// number reads numbers and numbers in text.
func number(v any) *big.Rat {
	switch v.(type) {
	case string, json.Number, int, int64, float64:
		if r, ok := new(big.Rat).SetString(fmt.Sprint(v)); ok {
			return r
		}
	}
	return nil
}

func compare(a, b any, ok func(int) bool) bool {
	x, y := number(a), number(b)
	return x != nil && y != nil && ok(x.Cmp(y))
}

func same(want, got any) bool {
	if x, y := number(want), number(got); x != nil && y != nil {
		return x.Cmp(y) == 0
	}
	return reflect.DeepEqual(plain(want), plain(got))
}

// plain gives a value as JSON would.
func plain(v any) any {
	b, err := json.Marshal(v)
	if err != nil {
		return v
	}
	var out any
	_ = json.Unmarshal(b, &out) // it was just written
	return out
}

func text(v any) string {
	if s, is := v.(string); is {
		return s
	}
	b, _ := json.Marshal(v) // what came as JSON
	return string(b)
}

// show is a value for people, in one line.
func show(v any) string {
	s, is := v.(string)
	if b, bytes := v.([]byte); bytes {
		s, is = string(b), true
	}
	if !is {
		s = text(v)
	}
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "?")), " ")
	if len(s) > 300 {
		return fmt.Sprintf("%s... (%d)", strings.ToValidUTF8(s[:280], "?"), len(s))
	}
	return s
}

var pathPart = regexp.MustCompile(`\[[^\]]*\]|[^.\[\]]+`)

// at is the value at a path such as plans.0.models; [id=x] picks the member of a list that has it.
func at(doc any, path string) any {
	for _, part := range pathPart.FindAllString(path, -1) {
		items, isList := doc.([]any)
		switch {
		case strings.HasPrefix(part, "["):
			key, value, _ := strings.Cut(strings.Trim(part, "[]"), "=")
			n := slices.IndexFunc(items, func(item any) bool {
				m, is := item.(map[string]any)
				return is && m[key] != nil && fmt.Sprint(m[key]) == value
			})
			if n < 0 {
				return nil
			}
			doc = items[n]
		case isList:
			n, err := strconv.Atoi(part)
			if err != nil || n >= len(items) {
				return nil
			}
			doc = items[n]
		default:
			m, _ := doc.(map[string]any)
			doc = m[part]
		}
	}
	return doc
}

func TestValuesAreHeldAgainstWhatIsWanted(t *testing.T) {
	t.Parallel()
	decode := func(s string) (v any) {
		decodeStrict(t, s, []byte(s), &v)
		return v
	}
	for _, tt := range []struct {
		want, got string
		fits      bool
	}{
		{`200`, `200`, true}, {`200`, `"200"`, true}, {`200`, `201`, false}, {`"ok"`, `"ok"`, true}, {`"ok"`, `"no"`, false},
		{`"0"`, `0`, true}, {`true`, `true`, true}, {`true`, `false`, false}, {`["a"]`, `["a"]`, true}, {`["a"]`, `["b"]`, false},
		{`{"in": ["a", "b"]}`, `"b"`, true}, {`{"in": [null, ""]}`, `null`, true}, {`{"in": ["a"]}`, `"b"`, false},
		{`{"not": "ok"}`, `"no"`, true}, {`{"not": ["ok", "busy"]}`, `"busy"`, false},
		{`{"min": 2, "max": 4}`, `3`, true}, {`{"min": 2}`, `1`, false}, {`{"max": 0.5}`, `"0.6"`, false}, {`{"min": 1}`, `"x"`, false},
		{`{"match": "^a"}`, `"ab"`, true}, {`{"match": "^a"}`, `"b"`, false}, {`{"lacks": "a"}`, `"ba"`, false},
		{`{"absent": true}`, `null`, true}, {`{"absent": true}`, `1`, false}, {`{"absent": false}`, `1`, true},
		{`{"count": 2}`, `[1, 2]`, true}, {`{"count": {"min": 3}}`, `[1, 2]`, false}, {`{"count": 0}`, `"x"`, false},
		{`{"input": "1"}`, `{"input": "1"}`, true}, {`{"input": "1"}`, `{"input": "2"}`, false},
	} {
		if fits(decode(tt.want), decode(tt.got)) != tt.fits {
			t.Errorf("%s against %s: want %v", tt.want, tt.got, tt.fits)
		}
	}
	doc := decode(`{"plans": [{"models": [{"id": "a.b", "n": 1}, {"id": "c", "n": 2}]}]}`)
	for path, want := range map[string]any{"plans.0.models.[id=a.b].n": 1, "plans.0.models.1.n": 2, "plans.0.models.[id=x].n": nil, "plans.3": nil, "x.y": nil} {
		if got := at(doc, path); !same(want, got) {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
}
