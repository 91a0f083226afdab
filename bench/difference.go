package bench

import (
	"fmt"
	"math"
)

// compareDevices makes the same iterations on each device, from the start of training, and
// returns the difference of each to the first; of the first, nil.
func compareDevices(runs []*run) ([]*Difference, error) {
	// Few: small differences grow as training goes on, whatever made them.
	iterations := 2 * runs[0].cycle
	differences := make([]*Difference, len(runs))
	if len(runs) == 1 { // a copy of the networks would count as memory of training
		return differences, nil
	}
	var first numbers
	for i, u := range runs {
		n, err := u.iterate(iterations)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", u.name(), err)
		}
		if i == 0 {
			first = n
			continue
		}
		d, err := differenceTo(first, n)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", u.name(), err)
		}
		d.To, d.Iterations = runs[0].name(), iterations
		differences[i] = d
	}
	return differences, nil
}

// numbers are what training computed.
type numbers struct {
	names      []string // of the parameters
	parameters [][]float32
	losses     []float64 // all columns but shares, which change by steps
}

func (u *run) iterate(n int) (numbers, error) {
	for range n {
		if err := u.trainer.Step(); err != nil {
			return numbers{}, err
		}
	}
	metrics, err := u.trainer.Metrics()
	if err != nil {
		return numbers{}, err
	}
	var result numbers
	for i, c := range u.trainer.Columns() {
		if !c.Share {
			result.losses = append(result.losses, float64(metrics[i]))
		}
	}
	m, err := u.trainer.Snapshot()
	if err != nil {
		return numbers{}, err
	}
	for _, a := range m.Arrays {
		for _, n := range u.trainer.Game().Networks {
			if p, ok := u.trainer.Parameters(n.Name).Find(a.Name); ok && !p.State {
				result.names, result.parameters = append(result.names, a.Name), append(result.parameters, a.Values)
			}
		}
	}
	return result, nil
}

// differenceTo compares b with what the first device computed. A parameter that is no number is
// an error; the losses are finite.
func differenceTo(first, b numbers) (*Difference, error) {
	d := &Difference{}
	for i, name := range first.names {
		e := relative(first.parameters[i], b.parameters[i])
		if math.IsNaN(e) || math.IsInf(e, 0) {
			return nil, fmt.Errorf("the parameter %s is not finite after training", name)
		}
		if d.Parameter == "" || e > d.Parameters {
			d.Parameters, d.Parameter = e, name
		}
	}
	for i, l := range first.losses {
		if b.losses[i] != l {
			d.Losses = max(d.Losses, math.Abs(b.losses[i]-l)/math.Abs(l))
		}
	}
	return d, nil
}

// relative is ||b-a||/||a||, or 0 if both are zero.
func relative(a, b []float32) float64 {
	var difference, norm float64
	for i, v := range a {
		e := float64(b[i]) - float64(v)
		difference += e * e
		norm += float64(v) * float64(v)
	}
	if difference == 0 {
		return 0
	}
	return math.Sqrt(difference / norm)
}
