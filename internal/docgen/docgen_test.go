package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

const top = "../.."

func readFile(t *testing.T, parts ...string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(append([]string{top}, parts...)...))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// committed is the schema as it is in docs/reference; make check sees that it is fresh.
func committed(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(readFile(t, "docs", "reference", "trunkline.schema.json")))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("trunkline.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("trunkline.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// documents are the YAML documents of a text.
func documents(t *testing.T, text []byte) (all []any) {
	t.Helper()
	for d := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var doc any
		if err := d.Decode(&doc); err != nil {
			if err.Error() != "EOF" {
				t.Fatalf("%v in\n%s", err, text)
			}
			return all
		}
		if doc != nil {
			all = append(all, doc)
		}
	}
}

var yamlBlock = regexp.MustCompile("(?ms)^```yaml\n(.*?)^```")

func TestWhatWeShowFitsTheSchema(t *testing.T) {
	t.Parallel()
	schema, seen := committed(t), 0
	check := func(name string, text []byte) {
		for _, doc := range documents(t, text) {
			fields, ok := doc.(map[string]any)
			if !ok || fields["kind"] == nil {
				continue // a part of a document
			}
			seen++
			if err := schema.Validate(doc); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	examples, err := filepath.Glob(filepath.Join(top, "examples", "*.yaml"))
	if err != nil || len(examples) == 0 {
		t.Fatalf("examples %v, %v", examples, err)
	}
	for _, name := range examples {
		check(name, readFile(t, "examples", filepath.Base(name)))
	}
	pages, err := filepath.Glob(filepath.Join(top, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range pages {
		for _, block := range yamlBlock.FindAllSubmatch(readFile(t, "docs", filepath.Base(name)), -1) {
			check(name, block[1])
		}
	}
	if seen < 10 {
		t.Errorf("only %d documents were looked at", seen)
	}
}

func TestTheSchemaRefusesMistakes(t *testing.T) {
	t.Parallel()
	schema := committed(t)
	good := "{kind: Provider, name: p, base_url: 'https://p.example', models: [{id: m, price: {input: 0.15}}], timeouts: {first_token: 1m30s}}"
	for name, tt := range map[string]struct {
		doc string
		ok  bool
	}{
		"good":                        {good, true},
		"a list":                      {"[" + good + "]", true},
		"a variable for a number":     {"{kind: Provider, name: p, max_in_flight: '${MOST}'}", true},
		"no kind":                     {"{name: p}", false},
		"an unknown kind":             {"{kind: Providers, name: p}", false},
		"no name":                     {"{kind: Group}", false},
		"a misspelt field":            {"{kind: Provider, name: p, baseurl: x}", false},
		"a misspelt field inside":     {"{kind: Provider, name: p, models: [{id: m, prices: {}}]}", false},
		"a field of another kind":     {"{kind: Group, name: g, base_url: x}", false},
		"a field that answers have":   {"{kind: Provider, name: p, uid: x}", false},
		"a number that is too large":  {"{kind: Provider, name: p, max_in_flight: 1000001}", false},
		"text for a number":           {"{kind: Provider, name: p, max_in_flight: many}", false},
		"a duration without its unit": {"{kind: Provider, name: p, timeouts: {connect: '5'}}", false},
		"a value that is not one":     {"{kind: Settings, failover: {stream_commit: never}}", false},
		"a list that is none":         {"{kind: Group, name: g, members: {provider: p}}", false},
	} {
		doc := documents(t, []byte(tt.doc))[0]
		if err := schema.Validate(doc); (err == nil) != tt.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEveryFieldIsDescribed(t *testing.T) {
	t.Parallel()
	empty := regexp.MustCompile("(?m)^\\| `[^`]+` \\| [^|]* \\|  \\|$")
	for _, page := range []string{"configuration.md", "api.md"} {
		for _, row := range empty.FindAllString(string(readFile(t, "docs", "reference", page)), -1) {
			if strings.Contains(page, "configuration") {
				t.Errorf("%s: nothing is said of %s", page, row)
			}
		}
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1000000: "1,000,000", -1000: "-1,000", -100: "-100"} {
		if got := number(n); got != want {
			t.Errorf("number(%d) = %q, want %q", n, got, want)
		}
	}
	if got := sentence("what it is"); got != "What it is." {
		t.Errorf("sentence: %q", got)
	}
}
