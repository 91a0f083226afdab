package bench

import (
	"fmt"
	"math"
	"strings"
)

// Card is what a GPU's datasheet says that it can do at most.
type Card struct {
	Name       string  `json:"name"`           // as a user names it
	Match      string  `json:"-"`              // what the driver's name of the card contains
	Capability int     `json:"capability"`     // 80 for 8.0
	Processors int     `json:"processors"`     // streaming multiprocessors
	Clock      float64 `json:"clock"`          // boost, Hz
	FP32       float64 `json:"fp32_per_clock"` // lanes of a multiprocessor
	TF32       float64 `json:"tf32"`           // FLOP/s of mma, without sparsity; 0 if it has none
	L2         float64 `json:"l2_per_second"`  // bytes
	Memory     float64 `json:"memory_per_second"`
}

// Cards are those that a prediction can be made for. NVIDIA states no rate of the L2 cache: 64 bytes a clock and
// multiprocessor are what one can take from it, and cards give about half of it to all at once. On compute capability
// 9.0 mma.sync, the instruction of these kernels, reaches about 0.62 of the stated rate, which is wgmma's.
var Cards = []Card{
	{"v100", "V100", 70, 80, 1.53e9, 64, 0, 2.2e12, 0.9e12},
	{"a100", "A100", 80, 108, 1.41e9, 64, 156e12, 4.4e12, 2.04e12},
	{"rtx4090", "RTX 4090", 89, 128, 2.52e9, 128, 82.6e12, 5e12, 1.01e12},
	{"h100", "H100", 90, 132, 1.98e9, 128, 0.62 * 495e12, 5.6e12, 3.35e12},
	{"h200", "H200", 90, 132, 1.98e9, 128, 0.62 * 495e12, 5.6e12, 4.8e12},
}

// LookupCard returns the card of a name as a user names it, or of a description that names one.
func LookupCard(name string) (Card, error) {
	var have []string
	for _, c := range Cards {
		if name == c.Name || strings.Contains(name, c.Match) {
			return c, nil
		}
		have = append(have, c.Name)
	}
	return Card{}, fmt.Errorf("unknown card %q: there are figures of %s", name, strings.Join(have, ", "))
}

// peak is the FLOP/s of products: of tensor cores in tf32, of multiply-adds in fp32.
func (c Card) peak(precision string) float64 {
	if precision == "tf32" {
		return c.TF32
	}
	return 2 * c.FP32 * float64(c.Processors) * c.Clock
}

// What good kernels reach of the datasheet's rates, and the least time between two launches of a graph.
const (
	reachedMemory = 0.85
	reachedIssue  = 0.75 // of instructions: a scheduler that never waits is rare
	launchSeconds = 2e-6
)

// predict is how long a launch takes at least, and what bounds it. Multiprocessors that have a block less to do than
// others wait for these. Latencies are not modelled, and the caches hold all that fits a block, or the whole launch.
func (c Card) predict(k *KernelCost) (seconds float64, bound string) {
	sm := float64(c.Processors)
	wave := math.Ceil(float64(k.Blocks)/sm) * sm / float64(k.Blocks)
	const (
		schedulers = 4 // an instruction of a warp each a clock
		banks      = 32
		sectors    = 4 // of the first-level cache, beside shared memory, a clock
	)
	clocks := func(n float64) float64 { return n / (sm * c.Clock) * wave }
	for _, b := range []struct {
		name    string
		seconds float64
	}{
		{"launch", launchSeconds},
		{"memory", k.UniqueBytes / (c.Memory * reachedMemory)},
		{"L2", k.BlockBytes / c.L2},
		{"L1", clocks(k.SharedWavefronts + k.SectorBytes/sectorBytes/sectors)},
		{"fp32", clocks(k.FP32FLOPs / 2 / c.FP32)},
		{"mma", k.MatrixFLOPs / max(c.TF32, 1) * wave},
		{"issue", clocks(k.Instructions / schedulers / reachedIssue)},
	} {
		if b.seconds > seconds {
			seconds, bound = b.seconds, b.name
		}
	}
	return seconds, bound
}
