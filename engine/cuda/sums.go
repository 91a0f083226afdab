package cuda

import (
	"bytes"
	"encoding/binary"

	"gangpu/kernels"
)

// pendingSums are sums without an epilogue of which the parts lie in the workspace. They are added by
// one launch, before the first step that needs one of the results: a gradient is needed by Adam only,
// so that all of a training step's sums are added at once.
type pendingSums struct {
	sums []kernels.Sum
	lies []uint64 // where the results are
	used uint64   // bytes of the workspace that the parts take
}

// add notes the sum of so many parts of n results at the beginning of the free workspace. Kernels write the
// results by the address y, and they are where another address says.
func (p *pendingSums) add(part uint64, splits, n int, y, lies uint64) {
	p.sums = append(p.sums, kernels.Sum{Part: part, Y: y, N: uint32(n), Splits: uint32(splits)})
	p.lies = append(p.lies, lies)
	p.used += align(partBytes(splits, n))
}

// touched reports whether a result lies in so many bytes at an address.
func (p *pendingSums) touched(address, size uint64) bool {
	for i, s := range p.sums {
		if p.lies[i] < address+size && address < p.lies[i]+floatBytes*uint64(s.N) {
			return true
		}
	}
	return false
}

const floatBytes = 4

func partBytes(splits, n int) uint64 { return floatBytes * uint64(splits) * uint64(n) }

// align rounds up to where an array may begin so that rows of quads are aligned.
func align(size uint64) uint64 { return (size + 255) &^ 255 }

// sumBytes is the size of a kernels.Sum, on the device too.
var sumBytes = uint64(binary.Size(kernels.Sum{}))

// encode is an array as the device reads it.
func encode[T kernels.Sum | float32](array []T) []byte {
	var b bytes.Buffer
	binary.Write(&b, binary.LittleEndian, array) // to memory: it does not fail
	return b.Bytes()
}
