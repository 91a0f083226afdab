//go:build !noasm

package cpu

var chunkLoopsAVX512 = chunkLoops{chunk: 128, handlers: &chunkHandlersAVX512, run: runChunksAVX512}

var chunkLoopsAVX2 = chunkLoops{chunk: 64, handlers: &chunkHandlersAVX2, run: runChunksAVX2}

// Addresses of code, in expression_avx512_amd64.s and expression_avx2_amd64.s.
var chunkHandlersAVX512, chunkHandlersAVX2 [chunkOpCount]uintptr

//go:noescape
func runChunksAVX512(s *chunkState)

//go:noescape
func runChunksAVX2(s *chunkState)
