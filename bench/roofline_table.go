package bench

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
)

// excess is the ratio of moved bytes to the floor from which on a table says why.
const excess = 1.5

// Write writes r as JSON.
func (r *Roofline) Write(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// ReadRoofline reads what [Roofline.Write] wrote.
func ReadRoofline(path string) (*Roofline, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := &Roofline{}
	if err = json.Unmarshal(data, r); err == nil && len(r.Steps) == 0 {
		err = errors.New("it has no steps")
	} else if err == nil && r.Steps[0].Share == 0 {
		err = errors.New("it does not say how often the steps are made: it is of an earlier version")
	}
	if err != nil {
		return nil, fmt.Errorf("reading the roofline in %s: %w", path, err)
	}
	return r, nil
}

// WriteTable prints the counts of each operation, and what they come to on the card, for a person.
func (r *Roofline) WriteTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "%s, preset %s, images of %s, batch %d, %s, all launches and blocks counted on the emulator\n",
		r.Game, r.Preset, images(r.Input), r.Batch, r.Precision)
	c := r.Card
	fmt.Fprintf(t, "predicted for %s: %d multiprocessors at %.2f GHz, %.2f TB/s of memory, %.1f TB/s of L2, %.0f TFLOP/s in fp32, %.0f by mma.sync\n",
		c.Name, c.Processors, c.Clock/1e9, c.Memory/1e12, c.L2/1e12, 2*c.FP32*c.Clock*float64(c.Processors)/1e12, c.TF32/1e12)
	fmt.Fprintf(t, "of these, %.0f%% of memory and of four instructions a clock are taken to be reached; a launch takes %.0f us at least\n",
		100*reachedMemory, launchSeconds*1e6)
	if r.Device != "" {
		fmt.Fprintf(t, "measured on %s, an event after each operation\n", r.Device)
	}
	var iteration OperationCost
	var parts []string
	for i := range r.Steps {
		s := &r.Steps[i]
		r.writeStep(t, s)
		sum := s.sum()
		iteration.Seconds += s.Share * sum.Seconds
		iteration.Measured += s.Share * sum.Measured
		parts = append(parts, fmt.Sprintf("%.3g %s", s.Share, s.Name))
	}
	fmt.Fprintf(t, "\niteration, %s: predicted %.1f us", strings.Join(parts, " + "), iteration.Seconds*1e6)
	if iteration.Measured > 0 {
		fmt.Fprintf(t, ", measured %.1f us, %.2f times that", iteration.Measured*1e6, iteration.Measured/iteration.Seconds)
	}
	fmt.Fprintln(t)
	return t.Flush()
}

func (r *Roofline) writeStep(w io.Writer, s *StepCost) {
	fmt.Fprintf(w, "\n%s\t\t\t\tGFLOP\t\t\tM warp\tMB of\tMB of global memory\t\t\t\t\tmoved /\tus\t\t", s.Name)
	fmt.Fprint(w, "\noperation\tkernel\tlaunches\tblocks\tuseful\tfp32\tmma\tinstr.\tshared\tasked\tsectors\tby block\tmoved\tfloor\tfloor\tpredicted\tbound")
	if r.Device != "" {
		fmt.Fprint(w, "\tmeasured\t/ predicted")
	}
	fmt.Fprintln(w)
	total := s.sum()
	for _, o := range append(slices.Clip(s.Operations), total) {
		all, launches := o.all(), len(o.Kernels)
		kernel, bound := o.kernel(), o.bound()
		if o.Name == s.Name {
			kernel, bound, launches = "", "", s.launches()
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%.3f\t%.3f\t%.3f\t%.2f\t%.1f\t%.1f\t%.1f\t%.1f\t%.2f\t%.2f\t%.2f\t%.1f\t%s", o.Name, kernel, launches, all.Blocks,
			o.FLOPs/1e9, all.FP32FLOPs/1e9, all.MatrixFLOPs/1e9, all.Instructions/1e6, all.SharedBytes/1e6, all.AskedBytes/1e6,
			all.SectorBytes/1e6, all.BlockBytes/1e6, all.UniqueBytes/1e6, o.Bytes/1e6, all.UniqueBytes/o.Bytes, o.Seconds*1e6, bound)
		if r.Device != "" {
			fmt.Fprintf(w, "\t%.1f\t%.2f", o.Measured*1e6, o.Measured/o.Seconds)
		}
		fmt.Fprintln(w)
	}
	for _, why := range s.excesses() {
		fmt.Fprintln(w, why)
	}
}

// excesses say of each operation that moves more than its floor, and enough to matter, by how much and why.
func (s *StepCost) excesses() []string {
	total := s.sum()
	var lines []string
	for _, o := range s.Operations {
		moved := o.all().UniqueBytes
		more := moved - o.Bytes
		if moved <= excess*o.Bytes || more < total.Bytes/1000 {
			continue
		}
		why := "it reads or writes what is not its operands, as the parts of a sum"
		switch {
		case o.launches("split_sum"):
			why = "the parts of its sum, written and read again"
		case o.launches("split_sums"):
			why = "it adds the parts of the sums of operations before it"
		}
		lines = append(lines, fmt.Sprintf("%s moves %.1f times its floor, %.1f MB more: %s", o.Name, moved/o.Bytes, more/1e6, why))
	}
	return lines
}

func (o *OperationCost) launches(kernel string) bool {
	return slices.ContainsFunc(o.Kernels, func(k KernelCost) bool { return k.Kernel == kernel })
}

// kernel names the launches.
func (o *OperationCost) kernel() string {
	names := make([]string, len(o.Kernels))
	for i, k := range o.Kernels {
		names[i] = k.Kernel
	}
	return strings.Join(names, " + ")
}

// bound is that of the longest launch. A constant has none: it is filled in once, when a program is loaded.
func (o *OperationCost) bound() string {
	if len(o.Kernels) == 0 {
		return "none"
	}
	longest := slices.MaxFunc(o.Kernels, func(a, b KernelCost) int { return cmp.Compare(a.Seconds, b.Seconds) })
	return longest.Bound
}

func (s *StepCost) launches() int {
	n := 0
	for _, o := range s.Operations {
		n += len(o.Kernels)
	}
	return n
}

// WriteMarkdown prints a table of the counts of r, and of the times predicted for it and for others, of the same batch
// and card in other precisions. Operations that take no longer than their launches are one row.
func (r *Roofline) WriteMarkdown(w io.Writer, others ...*Roofline) error {
	all := append([]*Roofline{r}, others...)
	for _, o := range others {
		if o.Game != r.Game || o.Preset != r.Preset || !o.Input.Equal(r.Input) || o.Batch != r.Batch || o.Card.Name != r.Card.Name || len(o.Steps) != len(r.Steps) {
			return fmt.Errorf("rooflines of %s, batch %d on %s, and of %s, batch %d on %s, do not fit into one table",
				r.Game, r.Batch, r.Card.Name, o.Game, o.Batch, o.Card.Name)
		}
	}
	var b bytes.Buffer
	for i := range r.Steps {
		if err := writeMarkdownStep(&b, all, i); err != nil {
			return err
		}
	}
	fmt.Fprintf(&b, "The game %s, preset %s, images of %s, batch %d, predicted for %s.", r.Game, r.Preset, images(r.Input), r.Batch, r.Card.Name)
	for _, o := range all {
		seconds := 0.0
		for i := range o.Steps {
			seconds += o.Steps[i].Share * o.Steps[i].sum().Seconds
		}
		fmt.Fprintf(&b, " An iteration in %s: %.0f us.", o.Precision, seconds*1e6)
	}
	fmt.Fprintln(&b)
	_, err := w.Write(b.Bytes())
	return err
}

func writeMarkdownStep(b *bytes.Buffer, all []*Roofline, step int) error {
	s := &all[0].Steps[step]
	fmt.Fprintf(b, "| %s | kernel | blocks | GFLOP useful | executed | MB floor | moved | by block |", s.Name)
	for _, r := range all {
		fmt.Fprintf(b, " %s, us | bound |", r.Precision)
	}
	fmt.Fprintf(b, "\n|---|---|--:|--:|--:|--:|--:|--:|%s\n", strings.Repeat("--:|---|", len(all)))
	row := func(name, kernel string, k KernelCost, flops, bytes float64, times string) {
		fmt.Fprintf(b, "| %s | %s | %d | %.2f | %.2f | %.1f | %.1f | %.1f |%s\n", name, kernel, k.Blocks, flops/1e9,
			(k.FP32FLOPs+k.MatrixFLOPs)/1e9, bytes/1e6, k.UniqueBytes/1e6, k.BlockBytes/1e6, times)
	}
	var rest OperationCost
	var restAll KernelCost
	restSeconds, restCount := make([]float64, len(all)), 0
	for i := range s.Operations {
		o := &s.Operations[i]
		times, short := "", true
		for _, r := range all {
			if step >= len(r.Steps) || i >= len(r.Steps[step].Operations) || r.Steps[step].Operations[i].Name != o.Name {
				return fmt.Errorf("the rooflines are of different programs: %s is in one of them only", o.Name)
			}
			other := &r.Steps[step].Operations[i]
			times += fmt.Sprintf(" %.1f | %s |", other.Seconds*1e6, other.bound())
			short = short && other.bound() == "launch"
		}
		if !short {
			row(o.Name, o.kernel(), o.all(), o.FLOPs, o.Bytes, times)
			continue
		}
		restCount++
		rest.FLOPs += o.FLOPs
		rest.Bytes += o.Bytes
		restAll.add(o.all())
		for j, r := range all {
			restSeconds[j] += r.Steps[step].Operations[i].Seconds
		}
	}
	times, totals := "", ""
	for j, r := range all {
		times += fmt.Sprintf(" %.1f | launch |", restSeconds[j]*1e6)
		sum := r.Steps[step].sum()
		totals += fmt.Sprintf(" %.1f | |", sum.Seconds*1e6)
	}
	row(fmt.Sprintf("%d others", restCount), "", restAll, rest.FLOPs, rest.Bytes, times)
	sum := s.sum()
	row("all", fmt.Sprintf("%d launches", s.launches()), sum.all(), sum.FLOPs, sum.Bytes, totals)
	b.WriteByte('\n')
	for _, why := range s.excesses() {
		fmt.Fprintf(b, "- %s.\n", why)
	}
	if len(s.excesses()) > 0 {
		b.WriteByte('\n')
	}
	return nil
}
