//go:build !(gpu && linux && cgo && (amd64 || arm64))

package main

// chooseDriver has nothing to choose in a build for the CPU alone.
func chooseDriver(string) error { return nil }
