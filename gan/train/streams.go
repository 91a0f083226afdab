package train

import (
	"fmt"
	"hash/fnv"
)

// streams gives each use of random numbers a stream of its own: a hash of its name. A run's every number is a
// function of its seed, a stream, a step and an index, so that a run that goes on draws what it would have drawn, and
// a new use changes no other.
type streams map[uint32]string

// of is the stream of a use: "d/z", "d/discriminator/dropout/mask", "initial/generator/dense/kernel".
func (s streams) of(use string) (uint32, error) {
	h := fnv.New32a()
	h.Write([]byte(use))
	stream := h.Sum32()
	if other, ok := s[stream]; ok && other != use {
		return 0, fmt.Errorf("the draws %q and %q would have the same numbers: give one another name", use, other)
	}
	s[stream] = use
	return stream, nil
}
