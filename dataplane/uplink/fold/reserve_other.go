//go:build !linux

package fold

import "os"

func reserveSpace(f *os.File, bytes int64) error { return fill(f, bytes) }
