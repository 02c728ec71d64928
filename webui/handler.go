package webui

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/trunkline-ai/trunkline/internal/ops"
)

const (
	indexPage       = "index.html"
	placeholderPage = "placeholder.html"
	// assetsDir holds the files whose names contain a hash of their content.
	assetsDir = "assets/"
	// compressedExt marks what the build put beside a file for clients that accept gzip.
	compressedExt = ".gz"
	// nonceMark is what the page's sources say where the nonce belongs.
	nonceMark = "__CSP_NONCE__"
	// here begins every address in the page: all are relative to where the console begins.
	here = `="./`
)

// Handler serves the console, or a page that says how to build it. It answers every path:
// mount the API before it.
//
//   - Files under /assets/ never change under their name and may be kept forever; other
//     files are checked again each time.
//   - Every other path is a view of the console and gets its page, fresh, with a
//     Content-Security-Policy and a nonce of its own, but only for GET and HEAD by a client
//     that accepts HTML.
//   - The page names its files relative to its own path, so a proxy may show the console
//     under any path, such as /trunkline/, as long as it takes that path away from what it
//     passes on.
//   - A missing file is 404 and never HTML: a tab that outlived an upgrade must see that
//     its script is gone instead of failing to parse a page.
//   - The page may call gateway, an origin, besides its own; empty: only its own.
func Handler(gateway string) http.Handler {
	return newHandler(dist(), gateway)
}

type handler struct {
	files   fs.FS
	page    string
	connect string // sources the page may call
}

func newHandler(files fs.FS, gateway string) http.Handler {
	h := &handler{files: files, page: placeholderPage, connect: strings.TrimSpace("'self' " + gateway)}
	if built(files) {
		h.page = indexPage
	}
	return h
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	secure(w.Header())
	name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
	isRoot := name == "" || name == indexPage
	isFile := !isRoot && h.hasFile(name)

	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		if !isRoot && !isFile {
			ops.NotFound(w, r, "")
			return
		}
		ops.NotFound(w, r, "GET, HEAD")
	case isFile:
		h.serveFile(w, r, name)
	case isRoot, isView(name) && acceptsHTML(r):
		h.servePage(w, r)
	default:
		w.Header().Set("Cache-Control", "no-store") // the file may exist after an upgrade
		ops.NotFound(w, r, "")
	}
}

// secure sets what holds for every answer; the page replaces the policy with its own.
func secure(header http.Header) {
	header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Frame-Options", "DENY")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
}

// hasFile reports whether the name is a file to serve under its own name. The pages are
// not: they are templates. Nor are the compressed copies.
func (h *handler) hasFile(name string) bool {
	if name == placeholderPage || strings.HasSuffix(name, compressedExt) {
		return false
	}
	info, err := fs.Stat(h.files, name)
	return err == nil && info.Mode().IsRegular()
}

// isView reports whether a path that is no file may be a view of the console.
func isView(name string) bool {
	return !strings.HasPrefix(name+"/", assetsDir) && path.Ext(name) == ""
}

func acceptsHTML(r *http.Request) bool {
	for _, value := range r.Header.Values("Accept") {
		if strings.Contains(strings.ToLower(value), "text/html") {
			return true
		}
	}
	return false
}

// servePage answers with the page, its nonce filled in. The nonce is needed because the UI
// kit writes <style> elements; scripts come from files only.
func (h *handler) servePage(w http.ResponseWriter, r *http.Request) {
	page, err := fs.ReadFile(h.files, h.page)
	if err != nil {
		http.Error(w, "this binary was built without the console", http.StatusInternalServerError)
		return
	}
	nonce := newNonce()
	header := w.Header()
	header.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-"+nonce+"'; "+
		"style-src-attr 'none'; img-src 'self' data:; font-src 'self'; connect-src "+h.connect+"; "+
		"base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Type", contentType(h.page))
	page = bytes.ReplaceAll(page, []byte(nonceMark), []byte(nonce))
	page = bytes.ReplaceAll(page, []byte(here), []byte(`="`+toRoot(r.URL.EscapedPath())))
	http.ServeContent(w, r, h.page, time.Time{}, bytes.NewReader(page))
}

// toRoot is the way from a view's path to where the console begins: "./" from /groups,
// "../" from /groups/a.
func toRoot(view string) string {
	if up := strings.Count(strings.TrimPrefix(view, "/"), "/"); up > 0 {
		return strings.Repeat("../", up)
	}
	return "./"
}

func newNonce() string {
	var b [18]byte
	_, _ = rand.Read(b[:]) // never fails: the runtime aborts instead
	return base64.StdEncoding.EncodeToString(b[:])
}

func (h *handler) serveFile(w http.ResponseWriter, r *http.Request, name string) {
	header := w.Header()
	header.Set("Content-Type", contentType(name))
	stored := name
	if _, err := fs.Stat(h.files, name+compressedExt); err == nil {
		header.Set("Vary", "Accept-Encoding")
		if acceptsGzip(r) {
			header.Set("Content-Encoding", "gzip")
			stored += compressedExt
		}
	}
	body, err := fs.ReadFile(h.files, stored)
	if err != nil {
		header.Del("Content-Encoding")
		http.Error(w, "the file cannot be read", http.StatusInternalServerError)
		return
	}
	if strings.HasPrefix(name, assetsDir) {
		header.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		sum := sha256.Sum256(body)
		header.Set("ETag", `"`+base64.RawURLEncoding.EncodeToString(sum[:12])+`"`)
		header.Set("Cache-Control", "no-cache")
	}
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(body))
}

// acceptsGzip reports whether the client takes gzip: named without q=0.
func acceptsGzip(r *http.Request) bool {
	for _, value := range r.Header.Values("Accept-Encoding") {
		for coding := range strings.SplitSeq(value, ",") {
			name, params, _ := strings.Cut(coding, ";")
			if !strings.EqualFold(strings.TrimSpace(name), "gzip") {
				continue
			}
			q := strings.ReplaceAll(strings.ToLower(params), " ", "")
			return strings.Trim(strings.TrimPrefix(q, "q="), "0.") != "" || q == ""
		}
	}
	return false
}

// contentType does not ask the system's MIME table, which differs between machines and
// calls scripts text/plain on some, so that a browser told not to sniff refuses them.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".png":
		return "image/png"
	case ".woff2":
		return "font/woff2"
	case ".txt":
		return "text/plain; charset=utf-8"
	default:
		return "application/octet-stream"
	}
}
