package takeover

import (
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"
)

// Node is a value of a file, and knows whether it was read. A nil Node is a value that is
// not there.
type Node struct {
	File, Key string
	Path      string // model_list[0].litellm_params.model
	Line      int

	text  string // of a scalar, "" for null
	kids  []*Node
	kind  kind
	taken bool // the value, or that a map or list is there
}

type kind int

const (
	scalar kind = iota
	null
	list
	mapping
)

// Get gives the value of a key, or nil.
func (n *Node) Get(key string) *Node {
	if n == nil || n.kind != mapping {
		return nil
	}
	for _, kid := range n.kids {
		if kid.Key == key {
			return kid
		}
	}
	return nil
}

// First gives the value of the first key that is there.
func (n *Node) First(keys ...string) *Node {
	for _, key := range keys {
		if v := n.Get(key); v.Given() {
			return v
		}
	}
	return nil
}

// Given reports whether there is a value that is not null.
func (n *Node) Given() bool { return n != nil && n.kind != null }

// IsList and IsMap say what a value is.
func (n *Node) IsList() bool { return n != nil && n.kind == list }
func (n *Node) IsMap() bool  { return n != nil && n.kind == mapping }

// Each gives the elements of a list, or the values of a map with their keys, and marks it as read.
func (n *Node) Each() []*Node {
	if n == nil {
		return nil
	}
	n.taken = true
	return n.kids
}

// Text reads a scalar; "" when there is none.
func (n *Node) Text() string {
	if n == nil || n.kind != scalar {
		return ""
	}
	n.taken = true
	return n.text
}

// Int reads a whole number; ok is false when there is none.
func (n *Node) Int() (i int64, ok bool) {
	r, ok := n.Number()
	if !ok || !r.IsInt() || !r.Num().IsInt64() {
		return 0, false
	}
	return r.Num().Int64(), true
}

// Number reads a number exactly.
func (n *Node) Number() (*big.Rat, bool) {
	text := n.Text()
	if text == "" || len(text) > 64 || !number.MatchString(text) {
		return nil, false
	}
	return new(big.Rat).SetString(text)
}

// number bounds the exponent: 1e999999999 would fill the memory.
var number = regexp.MustCompile(`^[-+]?[0-9]*\.?[0-9]+([eE][-+]?[0-9]{1,2})?$`)

// Bool reads true, yes or 1, or t, which PostgreSQL dumps.
func (n *Node) Bool() bool {
	switch strings.ToLower(n.Text()) {
	case "true", "t", "yes", "on", "1":
		return true
	}
	return false
}

// Use marks a value and all in it as read.
func (n *Node) Use() {
	if n == nil {
		return
	}
	n.taken = true
	for _, kid := range n.kids {
		kid.Use()
	}
}

// Used reports whether a scalar was read.
func (n *Node) Used() bool { return n != nil && n.taken }

// Scalars calls visit with each scalar, without marking it as read.
func (n *Node) Scalars(visit func(text string)) {
	if n.kind == scalar {
		visit(n.text)
	}
	for _, kid := range n.kids {
		kid.Scalars(visit)
	}
}

// unused calls visit for each value that nobody has read. Null, "" and empty lists say nothing,
// and are passed over.
func (n *Node) unused(visit func(*Node)) {
	switch {
	case n.kind == null || n.kind == scalar && (n.taken || n.text == ""):
	case n.kind == scalar:
		visit(n)
	default:
		for _, kid := range n.kids {
			kid.unused(visit)
		}
	}
}

// JSON writes a value as JSON.
func (n *Node) JSON() string {
	n.taken = true
	switch n.kind {
	case null:
		return "null"
	case list, mapping:
		parts, ends := make([]string, len(n.kids)), "[]"
		for i, kid := range n.kids {
			if parts[i] = kid.JSON(); n.kind == mapping {
				parts[i], ends = strconv.Quote(kid.Key)+":"+parts[i], "{}"
			}
		}
		return ends[:1] + strings.Join(parts, ",") + ends[1:]
	}
	if _, isNumber := n.Number(); isNumber || n.text == "true" || n.text == "false" {
		return n.text
	}
	return strconv.Quote(n.text)
}

// child makes the value of a key.
func (n *Node) child(key string, line int) *Node {
	path := key
	if n.Path != "" {
		path = n.Path + "." + key
	}
	kid := &Node{File: n.File, Key: key, Path: path, Line: line}
	n.kids = append(n.kids, kid)
	return kid
}

// element makes the next element of a list.
func (n *Node) element(line int) *Node {
	kid := &Node{File: n.File, Path: fmt.Sprintf("%s[%d]", n.Path, len(n.kids)), Line: line}
	n.kids = append(n.kids, kid)
	return kid
}
