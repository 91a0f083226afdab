//go:build 386 || arm || mips || mipsle

package program

// Sizes of arrays and files are counted in int, and checked for overflow as 64 bits wide, everywhere
// in gangpu. A build for a narrower int ends with this line.
var _ = gangpu_needs_a_64_bit_platform
