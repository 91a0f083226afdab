//go:build !amd64 || noasm

package cpu

func bestUnit() *vectorUnit { return plainGo }
