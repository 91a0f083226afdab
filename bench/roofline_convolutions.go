package bench

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"gangpu/engine/program"
)

// convolutions is the game that a roofline of single convolutions names.
const convolutions = "convolutions"

// CountConvolutions counts the grid of convolutions as CountRoofline counts phases. A step of the result is a layer, and
// its operations are the passes. The options' threads and Python mean nothing.
func CountConvolutions(o ConvOptions, precision string, card Card) (r *Roofline, err error) {
	driver, dev, err := openCounting(precision, card)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, dev.Close()) }()
	r = &Roofline{Date: time.Now().UTC().Truncate(time.Second), Game: convolutions, Batch: o.Batches[0], Precision: dev.Info().Precision, Card: card}
	for _, batch := range o.Batches {
		for _, shape := range convGrid {
			shape.Batch = batch
			if !strings.Contains(shape.String(), o.Shapes) {
				continue
			}
			layer := StepCost{Name: shape.String(), Share: 1}
			for _, shape.Pass = range ConvPasses {
				pass, err := countConvolution(driver, dev, shape, card)
				if err != nil {
					return nil, fmt.Errorf("%s of %v: %w", shape.Pass, shape, err)
				}
				layer.Operations = append(layer.Operations, pass)
			}
			r.Steps = append(r.Steps, layer)
		}
	}
	if len(r.Steps) == 0 {
		return nil, fmt.Errorf("no shape of the grid has %q in its name", o.Shapes)
	}
	return r, nil
}

func countConvolution(driver *countingDriver, dev program.Device, shape ConvShape, card Card) (o OperationCost, err error) {
	c, err := newConvRun(dev, shape)
	if err != nil {
		return o, err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	costs, err := driver.count(c.program, c.executable, card)
	if err != nil {
		return o, err
	}
	costs[0].Name = shape.Pass
	return costs[0], nil
}

// WriteConvRoofline prints a Markdown table of single convolutions: what a pass moves beside its floor, and for each card
// its predicted time and the share of the peak of tensor cores (in fp32 of FMAs) that its useful arithmetic reaches then.
// The cards have the capability of the one that was counted for.
func (r *Roofline) WriteConvRoofline(w io.Writer, cards ...Card) error {
	if r.Game != convolutions {
		return fmt.Errorf("this roofline is of the game %s, not of single convolutions", r.Game)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "| layer, %s | pass | kernel | blocks | GFLOP | MB floor | moved / floor |", r.Precision)
	for _, c := range cards {
		if c.Capability != r.Card.Capability {
			return fmt.Errorf("%s runs other kernels than %s, for which these were counted", c.Name, r.Card.Name)
		}
		fmt.Fprintf(&b, " %s, us | bound | of the peak |", c.Name)
	}
	fmt.Fprintf(&b, "\n|---|---|---|--:|--:|--:|--:|%s\n", strings.Repeat("--:|---|--:|", len(cards)))
	for i := range r.Steps {
		for j := range r.Steps[i].Operations {
			o := &r.Steps[i].Operations[j]
			all := o.all()
			fmt.Fprintf(&b, "| %s | %s | %s | %d | %.2f | %.1f | %.2f |", r.Steps[i].Name, o.Name, o.kernel(), o.Kernels[0].Blocks, o.FLOPs/1e9, o.Bytes/1e6, all.UniqueBytes/o.Bytes)
			for _, c := range cards {
				on := OperationCost{Kernels: slices.Clone(o.Kernels)}
				for k := range on.Kernels {
					on.Kernels[k].Seconds, on.Kernels[k].Bound = c.predict(&on.Kernels[k])
					on.Seconds += on.Kernels[k].Seconds
				}
				fmt.Fprintf(&b, " %.1f | %s | %.0f%% |", on.Seconds*1e6, on.bound(), 100*o.FLOPs/on.Seconds/c.peak(r.Precision))
			}
			b.WriteByte('\n')
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}
