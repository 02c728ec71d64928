package shipping

import (
	"sync/atomic"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/dataplane/uplink/shipping/spool"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// disk is a spool of calls. A nil disk is one that takes and has nothing.
type disk struct {
	spool *spool.Spool
	bad   atomic.Uint64 // records that are no calls
	// encoded is the last call that was appended; of the collecting goroutine alone.
	encoded []byte
	// ends are behind the calls of the last batch; of the shipping goroutine alone.
	ends []spool.Position
}

func newDisk(s *spool.Spool) *disk {
	if s == nil {
		return nil
	}
	return &disk{spool: s}
}

// append takes a call to be written by the next flush; false when it cannot be.
func (d *disk) append(c *nodev1.Call) bool {
	if d == nil {
		return false
	}
	var err error
	d.encoded, err = proto.MarshalOptions{}.MarshalAppend(d.encoded[:0], c)
	return err == nil && d.spool.Append(d.encoded) == nil
}

func (d *disk) buffered() int {
	if d == nil {
		return 0
	}
	return d.spool.Buffered()
}

// flush writes what was appended and returns what could not be written.
func (d *disk) flush() []*nodev1.Call {
	if d == nil {
		return nil
	}
	var unsaved []*nodev1.Call
	for _, raw := range d.spool.Flush() {
		c := &nodev1.Call{}
		if err := proto.Unmarshal(raw, c); err != nil {
			d.bad.Add(1)
			continue
		}
		unsaved = append(unsaved, c)
	}
	return unsaved
}

func (d *disk) tend() {
	if d != nil {
		d.spool.Tend()
	}
}

// head returns the oldest calls, for settle to forget: as they lie on disk, unless decode then says that
// they must be looked into.
func (d *disk) head(limit int, decode func() bool) (parcel, error) {
	records, err := d.spool.Read(limit, batchBytes)
	if err != nil {
		return parcel{}, err
	}
	var out parcel
	d.ends = d.ends[:0]
	for look, i := decode(), 0; i < len(records); i++ {
		r := records[i]
		if !look {
			out.raw = append(out.raw, r.Data)
			d.ends = append(d.ends, r.End)
			continue
		}
		c := &nodev1.Call{}
		if err := proto.Unmarshal(r.Data, c); err != nil {
			d.bad.Add(1)
			continue // the end of a later call covers it
		}
		out.calls = append(out.calls, c)
		d.ends = append(d.ends, r.End)
	}
	if out.size() == 0 && len(records) > 0 {
		d.spool.Ack(records[len(records)-1].End)
	}
	return out, nil
}

// settle forgets the n oldest calls of the last head.
func (d *disk) settle(n int) {
	d.spool.Ack(d.ends[n-1])
	d.ends = d.ends[n:]
}

func (d *disk) written() uint64 {
	if d == nil {
		return 0
	}
	return d.spool.Written()
}

func (d *disk) acknowledged() uint64 {
	if d == nil {
		return 0
	}
	return d.spool.Acknowledged()
}

func (d *disk) waiting() uint64 {
	if d == nil {
		return 0
	}
	return d.spool.Stats().Waiting
}

// undecodable counts records that are no calls.
func (d *disk) undecodable() uint64 {
	if d == nil {
		return 0
	}
	return d.bad.Load()
}
