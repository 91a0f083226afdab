package cpu

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"gangpu/engine/program"
)

// benchmarkOp times op on one thread and on two, and reports the rate of its multiply-adds, two
// operations each.
func benchmarkOp(b *testing.B, name string, op program.Op, macs int) {
	r := rand.New(rand.NewPCG(13, 14))
	for _, threads := range []int{1, 2} {
		b.Run(fmt.Sprintf("%s/threads=%d", name, threads), func(b *testing.B) {
			d := openDevice(b, threads)
			var in [][]float32
			for _, o := range op.Operands() {
				if o.Access == program.Read {
					in = append(in, randomFloats(r, o.Len))
				}
			}
			e, _ := guardedLoad(b, d, op, in...)
			for b.Loop() {
				if err := e.Run(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(2*float64(macs)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
		})
	}
}

func BenchmarkMatMul(b *testing.B) {
	for _, m := range []struct {
		name string
		op   program.MatMul
	}{
		{"square", program.MatMul{M: 1024, N: 1024, K: 1024}},
		{"squareAB", program.MatMul{M: 1024, N: 1024, K: 1024, TransA: true, TransB: true}},
		{"generator", program.MatMul{M: 256, N: 3136, K: 100, Epilogue: program.Epilogue{Bias: true, Activation: activations[1]}}},
		{"generatorGrad", program.MatMul{M: 100, N: 3136, K: 256, TransA: true}},
		{"discriminator", program.MatMul{M: 256, N: 1, K: 3136, Epilogue: program.Epilogue{Bias: true}}},
		{"discriminatorGrad", program.MatMul{M: 3136, N: 1, K: 256, TransA: true}},
		{"discriminatorInputGrad", program.MatMul{M: 256, N: 3136, K: 1, TransB: true}},
	} {
		benchmarkOp(b, m.name, m.op, m.op.M*m.op.N*m.op.K)
	}
}

// The layers of the compact networks of package gan at batch 64, each way that a training step goes through them.
func BenchmarkCompactConv2D(b *testing.B) {
	act := program.Epilogue{Bias: true, Activation: activations[1]}
	gate := program.Epilogue{Activation: activations[1], Gate: true}
	gate.Activation.Kind = program.Identity
	for _, c := range []struct {
		name       string
		transposed bool
		g          program.Geometry
	}{
		{"D1", false, program.Geometry{Batch: 64, InH: 28, InW: 28, InC: 1, OutC: 24, FilterH: 5, FilterW: 5, StrideH: 2, StrideW: 2}},
		{"D2", false, program.Geometry{Batch: 64, InH: 14, InW: 14, InC: 24, OutC: 48, FilterH: 5, FilterW: 5, StrideH: 2, StrideW: 2}},
		{"G1", true, program.Geometry{Batch: 64, InH: 14, InW: 14, InC: 48, OutC: 48, FilterH: 3, FilterW: 3, StrideH: 2, StrideW: 2}},
		{"G2", true, program.Geometry{Batch: 64, InH: 28, InW: 28, InC: 24, OutC: 48, FilterH: 3, FilterW: 3, StrideH: 2, StrideW: 2}},
		{"G3", false, program.Geometry{Batch: 64, InH: 28, InW: 28, InC: 24, OutC: 1, FilterH: 3, FilterW: 3, StrideH: 1, StrideW: 1}},
	} {
		forward, inputGrad := program.Op(program.Conv2D{Geometry: c.g, Epilogue: act}), program.Op(program.Conv2DInputGrad{Geometry: c.g, Epilogue: gate})
		if c.transposed {
			forward, inputGrad = program.Conv2DTranspose{Geometry: c.g, Epilogue: act}, program.Conv2D{Geometry: c.g, Epilogue: gate}
		}
		benchmarkOp(b, c.name, forward, c.g.MACs())
		benchmarkOp(b, c.name+"InputGrad", inputGrad, c.g.MACs())
		benchmarkOp(b, c.name+"FilterGrad", program.Conv2DFilterGrad{Geometry: c.g}, c.g.MACs())
	}
}

// The layers of the tutorial's networks at batch 256, each way that a training step goes through
// them.
func BenchmarkConv2D(b *testing.B) {
	g := tutorialGeometries(256)
	big := largeFilter(256)
	act := activations[1]
	for _, c := range []struct {
		name string
		op   program.Op
		g    program.Geometry
	}{
		{"D1", program.Conv2D{Geometry: g[0], Epilogue: program.Epilogue{Bias: true, Activation: act}}, g[0]},
		{"D1InputGrad", program.Conv2DInputGrad{Geometry: g[0]}, g[0]},
		{"D1FilterGrad", program.Conv2DFilterGrad{Geometry: g[0]}, g[0]},
		{"D2", program.Conv2D{Geometry: g[1], Epilogue: program.Epilogue{Bias: true, Activation: act}}, g[1]},
		{"D2InputGrad", program.Conv2DInputGrad{Geometry: g[1]}, g[1]},
		{"D2FilterGrad", program.Conv2DFilterGrad{Geometry: g[1]}, g[1]},
		{"G1", program.Conv2DTranspose{Geometry: g[2], Epilogue: program.Epilogue{Bias: true, Activation: act}}, g[2]},
		{"G1InputGrad", program.Conv2D{Geometry: g[2]}, g[2]},
		{"G1FilterGrad", program.Conv2DFilterGrad{Geometry: g[2]}, g[2]},
		{"G2", program.Conv2DTranspose{Geometry: g[3], Epilogue: program.Epilogue{Bias: true, Activation: act}}, g[3]},
		{"G2InputGrad", program.Conv2D{Geometry: g[3]}, g[3]},
		{"G2FilterGrad", program.Conv2DFilterGrad{Geometry: g[3]}, g[3]},
		{"G3", program.Conv2D{Geometry: big, Epilogue: program.Epilogue{Bias: true, Activation: program.Activation{Kind: program.SigmoidActivation}}}, big},
		{"G3InputGrad", program.Conv2DInputGrad{Geometry: big}, big},
		{"G3FilterGrad", program.Conv2DFilterGrad{Geometry: big}, big},
	} {
		benchmarkOp(b, c.name, c.op, c.g.MACs())
	}
}
