package body

import (
	"bytes"
	"errors"
	"io"
	"mime/multipart"
	"net/textproto"
	"strings"

	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

// Bounds on a form. Names of groups are at most 128 bytes.
const (
	maxParts     = 128
	maxFormValue = 1 << 10 // bytes of a field that we look at
)

// Form is a multipart/form-data request. It is rewritten, part for part, with a boundary
// of ours and plain headers: there is nothing left that we and a provider could read
// differently. The value of model is left out; each attempt puts its own in.
type Form struct {
	file    *TempFile
	modelAt int64
	// ContentType is the content type of the rewritten form.
	ContentType string
}

// readForm copies a form from its request into a temporary file and notes what routing needs. model is
// for a form that names none; it may be empty.
func readForm(src io.Reader, boundary, model, dir string) (*Form, wire.Envelope, error) {
	var e wire.Envelope
	f := &Form{file: NewTempFile(dir)}
	var last wire.Tail
	if err := f.copy(multipart.NewReader(io.TeeReader(src, &last), boundary), &e, model); err != nil {
		f.close()
		return nil, e, err
	}
	if !bytes.Contains(last.Bytes(), []byte("--"+boundary+"--")) { // cut inside a part's header, the reader says nothing
		f.close()
		return nil, e, &scan.Error{Message: "the form ends before its last boundary"}
	}
	if e.Model == "" {
		f.close()
		return nil, e, &scan.Error{Param: "model", Message: "you must provide a model parameter"}
	}
	// What follows the form means nothing, but must be off the connection.
	if _, err := io.Copy(io.Discard, src); err != nil {
		f.close()
		return nil, e, err
	}
	return f, e, nil
}

// isRefusal reports an error that is the form's, not the reading's.
func isRefusal(err error) bool {
	_, is := errors.AsType[*scan.Error](err)
	return is
}

func (f *Form) copy(parts *multipart.Reader, e *wire.Envelope, model string) error {
	out := multipart.NewWriter(f.file)
	f.ContentType = out.FormDataContentType()
	seen := map[string]bool{}
	for n := 0; ; n++ {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			if !seen["model"] && model != "" {
				if _, err := out.CreateFormField("model"); err != nil {
					return err
				}
				e.Model, f.modelAt = model, f.file.Size()
			}
			return out.Close()
		}
		if err != nil {
			return err
		}
		if n == maxParts {
			return &scan.Error{Message: "the form has more than 128 parts"}
		}
		if err := f.part(out, part, e, seen); err != nil {
			return err
		}
	}
}

// part copies one part. A second model or stream field, or one in other letters, is
// refused as in JSON.
func (f *Form) part(out *multipart.Writer, part *multipart.Part, e *wire.Envelope, seen map[string]bool) error {
	name := part.FormName()
	if name == "" {
		return &scan.Error{Message: "a part of the form has no name"}
	}
	switch encoding := part.Header.Get("Content-Transfer-Encoding"); strings.ToLower(encoding) {
	case "", "binary", "8bit", "7bit":
	default:
		return &scan.Error{Param: name, Message: "content-transfer-encoding is not supported in forms"}
	}
	key := strings.ToLower(name)
	watched := key == "model" || key == "stream"
	if watched && (key != name || seen[key] || part.FileName() != "") {
		return &scan.Error{Param: key, Message: key + " must appear once, in lower case and as a plain field"}
	}
	seen[key] = true
	to, err := out.CreatePart(partHeader(part, name))
	if err != nil {
		return err
	}
	if name == "user" && part.FileName() == "" {
		value := &wire.Head{Max: maxFormValue}
		_, err := io.Copy(io.MultiWriter(to, value), part)
		e.SayUser(string(value.Bytes()))
		return err
	}
	if !watched {
		_, err := io.Copy(to, part)
		return err
	}
	value, err := io.ReadAll(io.LimitReader(part, maxFormValue+1))
	if err != nil {
		return err
	}
	if len(value) > maxFormValue {
		return &scan.Error{Param: key, Message: key + " is too long"}
	}
	if key == "model" {
		e.Model, f.modelAt = string(value), f.file.Size()
		return nil
	}
	switch strings.ToLower(string(value)) {
	case "true", "1":
		e.Stream = true
	case "false", "0", "":
	default:
		return &scan.Error{Param: "stream", Message: "stream must be true or false"}
	}
	_, err = to.Write(value)
	return err
}

// partHeader is a part's header in its plainest form.
func partHeader(part *multipart.Part, name string) textproto.MIMEHeader {
	disposition := `form-data; name="` + quoteParam.Replace(name) + `"`
	if file := part.FileName(); file != "" {
		disposition += `; filename="` + quoteParam.Replace(file) + `"`
	}
	h := textproto.MIMEHeader{"Content-Disposition": {disposition}}
	if t := part.Header.Get("Content-Type"); t != "" {
		h["Content-Type"] = []string{t}
	}
	return h
}

// quoteParam escapes as browsers do.
var quoteParam = strings.NewReplacer("\\", "\\\\", `"`, "%22", "\r", "%0D", "\n", "%0A", "\x00", "%00")

// Size is the length of the form with this model.
func (f *Form) Size(model string) int64 { return f.file.Size() + int64(len(model)) }

// Reader gives the form with this model; each attempt has its own.
func (f *Form) Reader(model string) io.Reader {
	return io.MultiReader(f.file.Section(0, f.modelAt), strings.NewReader(model), f.file.Section(f.modelAt, f.file.Size()))
}

func (f *Form) close() { f.file.Close() }
