package sqlite

import "testing"

func TestParametersInOrder(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"SELECT 1":                           "SELECT 1",
		"VALUES ($1, $2), ($3, $4)":          "VALUES (?, ?), (?, ?)",
		"a = $1 AND b = '$2' AND c = $2":     "a = ? AND b = '$2' AND c = ?",
		"a = 'it''s $1' AND b = $1":          "a = 'it''s $1' AND b = ?",
		"$1 $2 $3 $4 $5 $6 $7 $8 $9 $10 $11": "? ? ? ? ? ? ? ? ? ? ?",
		"a = $1 AND b = $1":                  "a = $1 AND b = $1",
		"a = $2 AND b = $1":                  "a = $2 AND b = $1",
		"a = $10":                            "a = $10",
		"a = $1 AND b = $1 - 1 AND c = $2":   "a = $1 AND b = $1 - 1 AND c = $2",
		"a = $name":                          "a = $name",
	} {
		if got := inOrder(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}
