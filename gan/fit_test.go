package gan

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"testing"

	"gangpu/engine/program"
)

// smallDevice is the CPU with little memory.
type smallDevice struct {
	program.Device
	limit, held uint64
}

func (d *smallDevice) take(what string, bytes uint64) error {
	if d.held+bytes > d.limit {
		return &program.OutOfMemoryError{Device: "small", What: what, Need: bytes, Held: d.held, Free: d.limit - d.held}
	}
	d.held += bytes
	return nil
}

func (d *smallDevice) Alloc(name string, t program.DType, n int) (program.Memory, error) {
	if err := d.take(name, uint64(n*t.Size())); err != nil {
		return nil, err
	}
	return d.Device.Alloc(name, t, n)
}

func (d *smallDevice) Load(p *program.Program, b program.Bindings) (program.Executable, error) {
	for _, s := range p.Storages {
		if s.Scratch {
			if err := d.take(s.Name+" of "+p.Name, uint64(s.Len*s.DType.Size())); err != nil {
				return nil, err
			}
		}
	}
	return d.Device.Load(p, b)
}

// A batch that is too large is refused with one that is not, and that one is nearly as large as
// can be.
func TestBatchThatFits(t *testing.T) {
	s := tinySettings()
	try := func(batch int, limit uint64) error {
		s.Batch = batch
		trainer, err := NewTrainer(&smallDevice{Device: openCPU(t, 1), limit: limit}, s, tinyModel(s), discs(64, s.Height, s.Width))
		if err == nil {
			err = trainer.Close()
		}
		return err
	}
	const limit = 1 << 20
	err := try(4096, limit)
	var full *program.OutOfMemoryError
	if !errors.As(err, &full) {
		t.Fatalf("a batch of 4096 in %d bytes: %v", limit, err)
	}
	m := regexp.MustCompile(`; a batch of (\d+) would fit`).FindStringSubmatch(err.Error())
	if m == nil {
		t.Fatalf("no batch in %q", err)
	}
	fits, _ := strconv.Atoi(m[1])
	if err := try(fits, limit); err != nil {
		t.Errorf("the batch that would fit: %v", err)
	}
	if err := try(fits+fits/4&^1, limit); err == nil {
		t.Errorf("a batch of %d fits too, %d was advised", fits+fits/4&^1, fits)
	}
	if err := try(2, 1000); err == nil || !regexp.MustCompile("no batch of this model would fit").MatchString(fmt.Sprint(err)) {
		t.Errorf("in 1000 bytes: %v", err)
	}
}
