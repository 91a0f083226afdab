//go:build !amd64 || noasm

package cpu

func testedUnits() []*vectorUnit { return []*vectorUnit{plainGo} }
