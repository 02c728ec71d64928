// Package check holds the files of deployments to the programs and to the schemas of the tools that
// read them. It is a module of its own, so that its dependencies are not the product's.
package check
