// Package cluster runs Trunkline's distributed form as plain processes: PostgreSQL, Redis, two control
// planes, three nodes and a scripted provider, behind nginx with the sample configuration of
// deployments/nginx. `make cluster` runs it for people; the tests restart its parts under load.
package cluster
