package wire_test

import (
	"encoding/json"
	"io"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/dataplane/wire/api"
	"github.com/trunkline-ai/trunkline/internal/domain/fieldrule"
)

func rules(t testing.TB, given ...fieldrule.Given) (out []*fieldrule.Rule) {
	t.Helper()
	for _, g := range given {
		r, fault := fieldrule.New(g)
		if fault != nil {
			t.Fatal(fault)
		}
		out = append(out, &r)
	}
	return out
}

// apply gives what is sent for a request, and the rules that changed it.
func apply(t testing.TB, body string, list []*fieldrule.Rule, wantUsage bool) (sent, applied string) {
	t.Helper()
	e, err := wire.ReadEnvelope([]byte(body), api.Find("/chat/completions"))
	if err != nil {
		t.Fatal(err)
	}
	edits, did, err := wire.ApplyRules([]byte(body), list)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range did {
		names = append(names, r.String())
	}
	spliced := e.Splice([]byte(body), []byte(`"up"`), wantUsage, edits)
	read, err := io.ReadAll(spliced.Reader())
	if err != nil || int64(len(read)) != spliced.Size() {
		t.Fatalf("%s: read %d of %d bytes: %v", body, len(read), spliced.Size(), err)
	}
	return string(read), strings.Join(names, ", ")
}

func drop(f string) fieldrule.Given { return fieldrule.Given{Field: f, Action: "drop"} }
func rename(f, to string) fieldrule.Given {
	return fieldrule.Given{Field: f, Action: "rename", To: to}
}
func preset(f, v string) fieldrule.Given {
	return fieldrule.Given{Field: f, Action: "default", Value: v}
}
func force(f, v string) fieldrule.Given {
	return fieldrule.Given{Field: f, Action: "force", Value: v}
}

func TestApplyRules(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		rules               []fieldrule.Given
		body, want, applied string
	}{
		"drop the first":      {[]fieldrule.Given{drop("a")}, `{"a":1, "model":"m","b":2}`, `{"model":"up","b":2}`, "drop a"},
		"drop the last":       {[]fieldrule.Given{drop("a")}, `{"model":"m" , "a" : [1,{"x":2}] }`, `{"model":"up" }`, "drop a"},
		"drop between":        {[]fieldrule.Given{drop("a")}, `{"model":"m","a":1,"b":2}`, `{"model":"up","b":2}`, "drop a"},
		"drop several":        {[]fieldrule.Given{drop("a"), drop("b"), drop("c")}, `{"a":1,"b":2,"model":"m","c":3}`, `{"model":"up"}`, "drop a, drop b, drop c"},
		"drop neighbours":     {[]fieldrule.Given{drop("a"), drop("b")}, `{"model":"m","a":1,"b":2,"c":3}`, `{"model":"up","c":3}`, "drop a, drop b"},
		"drop nothing":        {[]fieldrule.Given{drop("a")}, `{"model":"m","b":{"a":1}}`, `{"model":"up","b":{"a":1}}`, ""},
		"drop in capitals":    {[]fieldrule.Given{drop("temperature")}, `{"model":"m","Temperature":1}`, `{"model":"up"}`, "drop temperature"},
		"drop inside":         {[]fieldrule.Given{drop("a.x")}, `{"model":"m","a":{"x":1}}`, `{"model":"up","a":{}}`, "drop a.x"},
		"drop with text":      {[]fieldrule.Given{drop("a")}, `{"model":"m","a":"},\"","b":"\"a\":1"}`, `{"model":"up","b":"\"a\":1"}`, "drop a"},
		"rename":              {[]fieldrule.Given{rename("max_tokens", "max_completion_tokens")}, `{"max_tokens": 7,"model":"m"}`, `{"max_completion_tokens": 7,"model":"up"}`, "rename max_tokens max_completion_tokens"},
		"rename what is both": {[]fieldrule.Given{rename("a", "b")}, `{"model":"m","a":1,"b":2}`, `{"model":"up","b":2}`, "rename a b"},
		"rename two into one": {[]fieldrule.Given{rename("a", "c"), rename("b", "c")}, `{"model":"m","b":1,"a":2}`, `{"model":"up","c":2}`, "rename a c, rename b c"},
		"rename and default":  {[]fieldrule.Given{rename("a", "b"), preset("b", "9")}, `{"model":"m","a":1}`, `{"model":"up","b":1}`, "rename a b"},
		"rename and force":    {[]fieldrule.Given{rename("a", "b"), force("b", "9")}, `{"model":"m","a":1}`, `{"model":"up","b":9}`, "rename a b, force b"},
		"rename inside":       {[]fieldrule.Given{rename("a.x", "y")}, `{"a":{"w":0,"x":1},"model":"m"}`, `{"a":{"w":0,"y":1},"model":"up"}`, "rename a.x y"},
		"default":             {[]fieldrule.Given{preset("t", ` {"a": 1} `)}, `{"model":"m"}`, `{"t":{"a":1},"model":"up"}`, "default t"},
		"default of null":     {[]fieldrule.Given{preset("t", "1")}, `{"model":"m","t":null}`, `{"model":"up","t":1}`, "default t"},
		"default not needed":  {[]fieldrule.Given{preset("t", "1")}, `{"model":"m","t":0}`, `{"model":"up","t":0}`, ""},
		"default inside":      {[]fieldrule.Given{preset("a.x", "1"), preset("a.y", "2")}, `{"model":"m"}`, `{"a":{"x":1,"y":2},"model":"up"}`, "default a.x, default a.y"},
		"default in null":     {[]fieldrule.Given{preset("a.x", "1")}, `{"model":"m","a":null}`, `{"model":"up","a":{"x":1}}`, "default a.x"},
		"default in an empty": {[]fieldrule.Given{preset("a.x", "1")}, `{"model":"m","a":{ }}`, `{"model":"up","a":{"x":1 }}`, "default a.x"},
		"default in a text":   {[]fieldrule.Given{preset("a.x", "1")}, `{"model":"m","a":"b"}`, `{"model":"up","a":"b"}`, ""},
		"force":               {[]fieldrule.Given{force("t", "1"), force("u", `"x"`)}, `{"t":0.5,"model":"m"}`, `{"u":"x","t":1,"model":"up"}`, "force t, force u"},
		"force what it is":    {[]fieldrule.Given{force("t", "1")}, `{"t":1,"model":"m"}`, `{"t":1,"model":"up"}`, ""},
		"force a whole":       {[]fieldrule.Given{force("a", `{"z":1}`), preset("a.x", "1")}, `{"a":{"y":1},"model":"m"}`, `{"a":{"z":1},"model":"up"}`, "force a"},
		"drop and force":      {[]fieldrule.Given{drop("a"), force("b", "1")}, `{"a":1,"model":"m"}`, `{"b":1,"model":"up"}`, "drop a, force b"},
	} {
		sent, applied := apply(t, tt.body, rules(t, tt.rules...), false)
		if sent != tt.want || applied != tt.applied {
			t.Errorf("%s: %s (%s), want %s (%s)", name, sent, applied, tt.want, tt.applied)
		}
	}
}

func TestRulesAndTheUsageChunk(t *testing.T) {
	t.Parallel()
	sent, _ := apply(t, `{"a":1,"stream":true,"model":"m"}`, rules(t, drop("a"), force("b", "2")), true)
	var got map[string]any
	if err := json.Unmarshal([]byte(sent), &got); err != nil {
		t.Fatalf("%s: %v", sent, err)
	}
	want := map[string]any{"b": 2.0, "stream": true, "model": "up", "stream_options": map[string]any{"include_usage": true}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("sent %s", sent)
	}
}

func TestAFieldOfARuleMustBeClear(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"model":"m","t":1,"t":2}`, `{"model":"m","t":1,"T":2}`, `{"model":"m","t":1,"\u0074":2}`,
		`{"model":"m","a":{"x":1,"x":2}}`, `{"model":"m","a":{},"a":{}}`,
	} {
		if _, _, err := wire.ApplyRules([]byte(body), rules(t, force("t", "1"), drop("a.x"))); err == nil || !strings.Contains(err.Error(), "must appear once") {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestRulesKnowEveryEndpoint(t *testing.T) {
	t.Parallel()
	if served := len(api.Endpoints); len(fieldrule.Endpoints) != served {
		t.Errorf("rules know %d of %d endpoints", len(fieldrule.Endpoints), served)
	}
	for _, e := range fieldrule.Endpoints {
		if api.Find("/"+e) == nil {
			t.Errorf("there is no endpoint %s", e)
		}
	}
}

// What rules make of a request is what they would make of it decoded.
func TestRulesEqualTheirDecodedForm(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	names := []string{"a", "b", "c", "d"}
	values := []string{"1", "null", `"x,y}"`, `{"q":1}`, "[1, 2]", "{}"}
	for range 3000 {
		var given []fieldrule.Given
		for _, i := range random.Perm(len(names))[:random.IntN(len(names)+1)] {
			field := names[i]
			given = append(given, []fieldrule.Given{drop(field), force(field, "7"), preset(field, "8")}[random.IntN(3)])
		}
		members := []string{`"model":"m"`}
		for _, i := range random.Perm(len(names))[:random.IntN(len(names)+1)] {
			members = append(members, `"`+names[i]+`" : `+values[random.IntN(len(values))])
		}
		random.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
		body := "{ " + strings.Join(members, " , ") + " }"
		var want, got map[string]any
		if err := json.Unmarshal([]byte(body), &want); err != nil {
			t.Fatal(err)
		}
		want["model"] = "up"
		for _, g := range given {
			switch old, is := want[g.Field]; {
			case g.Action == "drop":
				delete(want, g.Field)
			case g.Action == "force":
				want[g.Field] = 7.0
			case !is || old == nil:
				want[g.Field] = 8.0
			}
		}
		sent, _ := apply(t, body, rules(t, given...), false)
		if err := json.Unmarshal([]byte(sent), &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%v on %s: %s (%v)", given, body, sent, err)
		}
	}
}
