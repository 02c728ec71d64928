package spool

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
)

const (
	// MaxRecord is the size of the largest record, in bytes.
	MaxRecord = 1 << 20
	// magic begins each record. No UTF-8 text holds these bytes, so no client can write
	// something that would pass for a record when the reader looks for the next good one.
	magic = "\xf5TL\xff"
	// headerSize is that of magic, length and checksum.
	headerSize = len(magic) + 4 + 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// appendRecord adds a record to b: magic, length, CRC-32C of length and payload, payload.
func appendRecord(b, payload []byte) []byte {
	b = append(b, magic...)
	at := len(b)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(payload)))
	b = binary.LittleEndian.AppendUint32(b, checksum(b[at:at+4], payload))
	return append(b, payload...)
}

func checksum(length, payload []byte) uint32 {
	return crc32.Update(crc32.Checksum(length, castagnoli), castagnoli, payload)
}

// scan finds the first good record of b. It returns the payload and where the record
// ends; payload is nil when there is none, and end is then up to where b is of no use.
// last says that nothing follows b; without it a record that is cut off may be whole
// later on, and is left for then.
func scan(b []byte, last bool) (payload []byte, end int) {
	for at := 0; ; {
		found := bytes.Index(b[at:], []byte(magic))
		if found < 0 {
			if last {
				return nil, len(b)
			}
			return nil, max(at, len(b)-len(magic)+1) // the rest may begin one
		}
		at += found
		rest := b[at:]
		whole := len(rest) >= headerSize
		var size int
		if whole {
			length := binary.LittleEndian.Uint32(rest[4:])
			if length > MaxRecord {
				at += len(magic)
				continue
			}
			size = headerSize + int(length)
			whole = len(rest) >= size
		}
		switch {
		case !whole && !last:
			return nil, at
		case whole && checksum(rest[4:8], rest[headerSize:size]) == binary.LittleEndian.Uint32(rest[8:]):
			return rest[headerSize:size:size], at + size
		}
		at += len(magic)
	}
}
