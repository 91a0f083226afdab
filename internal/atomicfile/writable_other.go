//go:build !unix

package atomicfile

func writable(string) error { return nil }
