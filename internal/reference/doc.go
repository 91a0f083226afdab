// Package reference computes every operation of package program by the loops of its doc comment,
// for clarity only: it is what the devices are compared with, and what runs on a host where speed
// does not matter.
//
// Every function is generic over the type that it computes and accumulates in; its instance for
// float64 is the truth that a float32 result is measured against. Arguments are in the order of
// [program.Op.Operands], attributes before them, and have the lengths given there. A result is
// overwritten, never added to.
package reference

// Float is a type to compute in.
type Float interface{ float32 | float64 }
