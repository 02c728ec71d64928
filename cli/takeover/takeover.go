// Package takeover makes documents of ours out of the configuration of another gateway.
//
// A Source reads one kind of export into a Draft. Each value that it reads is marked as
// read; what no source has asked for is listed in the report, so that nothing is lost
// in silence.
package takeover

import (
	"bytes"

	"github.com/trunkline-ai/trunkline/cli/exit"
	"github.com/trunkline-ai/trunkline/cli/takeover/sqlitefile"
)

// Source reads the configuration of one gateway.
type Source interface {
	// Name is what --from calls it.
	Name() string
	// About says which files it reads, in one line.
	About() string
	// Read adds to the draft what the files hold.
	Read(files []*File, d *Draft) error
}

// File is one file of an export.
type File struct {
	Name string
	Data []byte // of a SQLite database only the beginning
}

// Options are what a source cannot know.
type Options struct {
	// UserGroup is the group of users whose channels are taken over, where a gateway has such groups.
	UserGroup string
	// QuotaPeriod makes a budget per day, week or month of a quota that was a sum; empty takes no quotas over.
	QuotaPeriod string
}

// Tree reads a file as YAML or JSON; or as a SQLite database or a dump of one, of which the tables of those names
// are read and others are only named.
func (f *File) Tree(tables ...string) (n *Node, err error) {
	switch {
	case bytes.HasPrefix(f.Data, []byte(sqlitefile.Head)):
		n, err = database(f.Name, tables)
	case isDump(f.Data):
		n, err = readDump(f.Name, f.Data, tables)
	default:
		n, err = parse(f.Name, f.Data)
	}
	if err != nil {
		return nil, exit.Invalidf("%s: %v", f.Name, err)
	}
	return n, nil
}
