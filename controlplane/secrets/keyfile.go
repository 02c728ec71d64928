package secrets

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// maxKeyFile bounds a key file, in bytes: a key is 44 characters.
const maxKeyFile = 64 << 10

// Parse reads keys as TRUNKLINE_SECRET_KEY and its file hold them: one or several, each base64 of 32
// bytes in the standard or the URL alphabet, with or without padding, on lines of their own or with
// commas between them. A line that begins with # is a comment.
func Parse(text string) (*Keyset, error) {
	var keys [][]byte
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		for field := range strings.SplitSeq(line, ",") {
			if field = strings.TrimSpace(field); field == "" {
				continue
			}
			key, err := parseKey(field)
			if err != nil {
				return nil, err
			}
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("the secret key is missing; create one with: openssl rand -base64 32")
	}
	return NewKeyset(keys...)
}

func parseKey(text string) ([]byte, error) {
	text = strings.TrimRight(text, "=")
	enc := base64.RawStdEncoding
	if strings.ContainsAny(text, "-_") {
		enc = base64.RawURLEncoding
	}
	key, err := enc.DecodeString(text)
	if err != nil {
		// The cause is left out: it may quote the key.
		return nil, errors.New("the secret key is not base64; create one with: openssl rand -base64 32")
	}
	if len(key) != KeySize {
		return nil, fmt.Errorf("the secret key has %d bytes, want %d; create one with: openssl rand -base64 32", len(key), KeySize)
	}
	return key, nil
}

// LoadKeyFile reads a key file, which nobody but its owner may read or write.
func LoadKeyFile(path string) (*Keyset, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read secret key: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("read secret key: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("secret key %s is not a regular file", path)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("secret key %s is accessible by other users (mode %04o); run chmod 600 %s", path, mode, path)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxKeyFile))
	if err != nil {
		return nil, fmt.Errorf("read secret key: %w", err)
	}
	keys, err := Parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return keys, nil
}

// LoadOrCreateKeyFile reads the key file or, when there is none, makes one with a new
// random key and mode 0600, and its directory with mode 0700. The file appears whole or
// not at all; of several processes that try at once one makes it and all get its key.
func LoadOrCreateKeyFile(path string) (keys *Keyset, created bool, err error) {
	keys, err = LoadKeyFile(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return keys, false, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, false, fmt.Errorf("create secret key: %w", err)
	}
	err = createKeyFile(path)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, false, fmt.Errorf("create secret key: %w", err)
	}
	created = err == nil
	keys, err = LoadKeyFile(path)
	return keys, created, err
}

// createKeyFile writes a new key beside path and links it to that name, which fails when
// another process was first. Nothing sealed is lost by a crash: the file and its name are
// on disk before the key is used.
func createKeyFile(path string) (err error) {
	var key [KeySize]byte
	rand.Read(key[:])
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".secret-key-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	_, err = f.WriteString(base64.StdEncoding.EncodeToString(key[:]) + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
