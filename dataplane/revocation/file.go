package revocation

import (
	"errors"
	"fmt"
	"io/fs"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/internal/sealedfile"
	nodefilev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/nodefile/v1"
)

// maxFile bounds the file before it is read, in bytes.
const maxFile = 8 << 20

// File keeps revocations on disk, sealed.
type File struct {
	path   string
	sealer *sealedfile.Sealer
}

// NewFile names the file, in a folder that is there. It need not exist.
func NewFile(path string, sealer *sealedfile.Sealer) *File { return &File{path, sealer} }

// write replaces what was kept before.
func (f *File) write(m *nodefilev1.Revocations) error {
	plain, err := proto.Marshal(m)
	if err == nil {
		err = f.sealer.Write(f.path, plain, belongs)
	}
	if err != nil {
		return fmt.Errorf("save revocations: %w", err)
	}
	return nil
}

// read returns what was written last; empty when that is nothing.
func (f *File) read() (*nodefilev1.Revocations, error) {
	m := &nodefilev1.Revocations{}
	plain, err := f.sealer.Read(f.path, maxFile, belongs)
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err == nil {
		err = proto.Unmarshal(plain, m)
	}
	if err != nil {
		return nil, fmt.Errorf("read revocations: %w", err)
	}
	return m, nil
}

// belongs keeps the file from being taken for another sealed one.
const belongs = "revocations"
