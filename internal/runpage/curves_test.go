package runpage

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// Whatever the length of a run, every iteration is in one bin, and no extreme is lost.
func TestCurvesKeepExtremes(t *testing.T) {
	for _, n := range []int{1, 2, maxBins, maxBins + 1, 2*maxBins + 1, 10*maxBins + 3} {
		random := rand.New(rand.NewPCG(1, uint64(n)))
		values := make([]float32, n)
		c := newCurves(2)
		for i := range values {
			values[i] = random.Float32()
		}
		values[n/3], values[n/2] = 1000, -1000 // one iteration each
		for i, v := range values {
			c.add(i, []float32{v, -v})
		}
		if (n+c.width-1)/c.width != c.n || c.n > maxBins || n > maxBins && c.n < maxBins/2 || (c.n-1)*c.width+c.inLast != n {
			t.Fatalf("%d iterations are in %d bins of %d, %d in the last", n, c.n, c.width, c.inLast)
		}
		for i := range c.n {
			least, greatest, sum := math.Inf(1), math.Inf(-1), 0.0
			in := values[i*c.width : min((i+1)*c.width, n)]
			for _, v := range in {
				least, greatest, sum = min(least, float64(v)), max(greatest, float64(v)), sum+float64(v)
			}
			b := c.bins[dLoss][i]
			if float64(b.min) != least || float64(b.max) != greatest || int(b.count) != len(in) || math.Abs(b.sum-sum) > 1e-9*float64(len(in))*1000 {
				t.Fatalf("%d iterations: bin %d is %+v, want %v to %v, sum %v", n, i, b, least, greatest, sum)
			}
			if g := c.bins[gLoss][i]; g.min != -b.max || g.max != -b.min {
				t.Fatalf("%d iterations: bin %d of the other series is %+v", n, i, g)
			}
		}
	}
}

// What is not finite is told as such, and harms no other number.
func TestCurvesNotFinite(t *testing.T) {
	c := newCurves(2)
	nan, inf := float32(math.NaN()), float32(math.Inf(-1))
	for i, v := range []float32{0.5, nan, inf, 0.25} {
		c.add(i, []float32{v, inf})
	}
	text, err := json.Marshal(c.part(0))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`{"min":[0.5,null,null,0.25],"mean":[0.5,null,null,0.25],"max":[0.5,null,null,0.25]}`,
		`"broken":[{"series":0,"iteration":1,"value":"NaN"},{"series":1,"iteration":0,"value":"-Inf"}]`,
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	for i := c.n; i <= maxBins; i++ {
		c.add(i, []float32{1, nan})
	}
	if b := c.bins[dLoss][0]; b != (bin{count: 1, min: 0.5, max: 0.5, sum: 0.5}) {
		t.Errorf("0.5 and NaN join to %+v", b)
	}
	if b := c.bins[gLoss][0]; b.count != 0 {
		t.Errorf("two infinities join to %+v", b)
	}
}
