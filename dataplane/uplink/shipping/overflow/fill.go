package overflow

import "os"

// fill makes a file at least so long by writing zeros, for systems that cannot reserve
// space otherwise.
func fill(f *os.File, bytes int64) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	zeros := make([]byte, 1<<20)
	for at := info.Size(); at < bytes; {
		n, err := f.WriteAt(zeros[:min(bytes-at, int64(len(zeros)))], at)
		if err != nil {
			return err
		}
		at += int64(n)
	}
	return nil
}
