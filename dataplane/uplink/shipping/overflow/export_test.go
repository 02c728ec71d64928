package overflow

import "os"

// Break makes the totals's file one that can be read but not written, as a disk does that
// has become read-only.
func Break(b *Totals) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.file.file.Close(); err != nil {
		return err
	}
	f, err := os.Open(b.file.path)
	b.file.file = f
	return err
}
