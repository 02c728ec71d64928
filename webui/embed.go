// Package webui carries the built admin console inside the binary and serves it.
//
// The console is a single-page application; its sources lie beside this file and `make
// webui` builds them into dist. Only dist/placeholder.html is committed, so a checkout
// without Node compiles and serves a page that says how to get the console.
package webui

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var embedded embed.FS

// Built reports whether the binary carries the console, not just the placeholder page.
func Built() bool {
	return built(dist())
}

// dist returns the embedded folder as the root of its own file system.
func dist() fs.FS {
	sub, err := fs.Sub(embedded, "dist")
	if err != nil { // only for an invalid name, and "dist" is valid
		panic("webui: " + err.Error())
	}
	return sub
}

func built(files fs.FS) bool {
	_, err := fs.Stat(files, indexPage)
	return err == nil
}
