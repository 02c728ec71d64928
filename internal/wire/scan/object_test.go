package scan

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestObjectMembers(t *testing.T) {
	t.Parallel()
	var many []string
	for i := range 3 * noted {
		many = append(many, fmt.Sprintf(`"k%d" : {"a":[%d,"}"]}`, i, i))
	}
	long := "{" + strings.Join(many, " , ") + "}"
	for _, test := range []struct{ text, key, want string }{
		{`{"a":1,"b":[2,{"a":3}]}`, "a", `1`},
		{`{"a":1,"b":[2,{"a":3}]}`, "b", `[2,{"a":3}]`},
		{" {\n\"a\" :\t\"x\" } ", "a", `"x"`},
		{`{"a":1,"a":2}`, "a", `1`},
		{`{"\u0061":1}`, "a", `1`},
		{`{"a\"b":1}`, `a"b`, `1`},
		{`{"b":{"a":1}}`, "a", ``},
		{`{}`, "a", ``},
		{`[{"a":1}]`, "a", ``},
		{`"a"`, "a", ``},
		{long, "k0", `{"a":[0,"}"]}`},
		{long, fmt.Sprintf("k%d", noted), fmt.Sprintf(`{"a":[%d,"}"]}`, noted)},
		{long, fmt.Sprintf("k%d", 3*noted-1), fmt.Sprintf(`{"a":[%d,"}"]}`, 3*noted-1)},
		{long, "k", ``},
	} {
		o, ok := Read([]byte(test.text))
		if got := string(o.Member(test.key)); !ok || got != test.want || string(o.Text()) != test.text {
			t.Errorf("%q of %.60s = %q, %t, want %q", test.key, test.text, got, ok, test.want)
		}
	}
}

func FuzzObject(f *testing.F) {
	for _, text := range []string{`{"a":1,"b":{"c":[]}}`, `{"a":1,}`, `{"a"}`, `{"a":1}x`, `[1]`, `{`, ``, `{"a":{"a":{}}`, `{"\u0061":tru}`, strings.Repeat(`{"a":`, 300)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		o, ok := Read([]byte(text))
		if ok != Valid([]byte(text)) {
			t.Fatalf("Read(%q) = %t, and Valid is of another opinion", text, ok)
		}
		var all map[string]json.RawMessage
		if !ok || json.Unmarshal([]byte(text), &all) != nil {
			return
		}
		for key := range all {
			if !strings.Contains(text, "\ufffd") && !json.Valid(o.Member(key)) && strings.ToValidUTF8(text, "") == text {
				t.Errorf("%q of %q = %q", key, text, o.Member(key))
			}
		}
	})
}
