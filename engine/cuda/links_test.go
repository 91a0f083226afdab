package cuda

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"gangpu/engine/program"
)

// fakeLinks keep account of what a device asks for.
type fakeLinks struct {
	send, recv     []Range
	failure        error
	aborted, ended int
}

var errLost = errors.New("nobody came")

func (l *fakeLinks) Exchange(_ uint64, send, recv []Range) error {
	l.send, l.recv = send, recv
	return nil
}
func (l *fakeLinks) Failure() error { return l.failure }
func (l *fakeLinks) Close() error   { l.ended++; return nil }
func (l *fakeLinks) Abort(time.Duration) error {
	l.aborted++
	return errLost
}

func linkedDevice(t *testing.T, d *fakeDriver, limit time.Duration) (*Device, *fakeLinks, program.Memory) {
	t.Helper()
	dev, err := Open(d, 0, Options{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := dev.Alloc("x", program.Float32, 8)
	if err != nil {
		t.Fatal(err)
	}
	l := &fakeLinks{}
	dev.Link(l, limit)
	return dev, l, m
}

// An exchange moves the elements that it names, and allocates nothing; the links end with the device.
func TestExchange(t *testing.T) {
	d := newFakeDriver()
	dev, l, m := linkedDevice(t, d, time.Minute)
	base := m.(*memory).ptr
	send, recv := []program.Part{{}, {Memory: m, First: 2, Len: 3}}, []program.Part{{}, {Memory: m, First: 5, Len: 1}}
	if n := testing.AllocsPerRun(3, func() {
		if err := errors.Join(dev.Exchange(send, recv), dev.Sync()); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations an exchange", n)
	}
	if !slices.Equal(l.send, []Range{{}, {base + 8, 12}}) || !slices.Equal(l.recv, []Range{{}, {base + 20, 4}}) {
		t.Errorf("sends %v, receives %v", l.send, l.recv)
	}
	send[1].Len = 7
	if err := dev.Exchange(send, recv); err == nil || !strings.Contains(err.Error(), "exchanging bytes [8, 36) of x, which has 32") {
		t.Errorf("beyond the end: %v", err)
	}
	if err := dev.Close(); err != nil || l.ended != 1 || l.aborted != 0 || len(d.leaks()) > 0 {
		t.Errorf("closing: %v, ended %d times, aborted %d times, leaks %v", err, l.ended, l.aborted, d.leaks())
	}
}

// Whatever waits for the device gives an exchange up that is not done within the limit, or that the library says has failed.
func TestExchangeThatDoesNotEnd(t *testing.T) {
	failed := errors.New("the network is down")
	for name, c := range map[string]struct {
		failure, want error
		wait          func(*Device, program.Memory) error
	}{
		"reading": {nil, errLost, func(_ *Device, m program.Memory) error { return m.Read(make([]byte, 4), 0) }},
		"loading": {nil, errLost, func(dev *Device, _ program.Memory) error {
			_, err := dev.Load(&program.Program{Name: "p"}, nil)
			return err
		}},
		"closing": {nil, errLost, func(dev *Device, _ program.Memory) error { return dev.Close() }},
		"failed":  {failed, failed, func(dev *Device, _ program.Memory) error { return dev.Sync() }},
	} {
		d := newFakeDriver()
		dev, l, m := linkedDevice(t, d, time.Millisecond)
		d.busy, l.failure = true, c.failure
		if err := dev.Exchange([]program.Part{{}}, []program.Part{{}}); err != nil {
			t.Fatal(err)
		}
		if err := c.wait(dev, m); !errors.Is(err, c.want) || l.aborted == 0 {
			t.Errorf("%s: %v, aborted %d times", name, err, l.aborted)
		}
		if err := dev.Sync(); name != "closing" && !errors.Is(err, c.want) {
			t.Errorf("%s, then waiting again: %v", name, err)
		}
		_ = dev.Close()
		if d.open {
			t.Errorf("%s: the context stays", name)
		}
	}
}
