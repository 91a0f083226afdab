package ptxemu

import (
	"strings"
	"testing"
)

// Windows of one allocation: a, b behind it, c over the second half of a and the first of b.
func TestWindows(t *testing.T) {
	const store, load = "st.global.u32 [%mine], %me;", "ld.global.u32 %r0, [%mine];"
	type access struct {
		window int    // 0 for a, 1 for b, 2 for c
		code   string // of 4 threads, which have a word each
	}
	for _, c := range []struct {
		name     string
		accesses []access // the last one fails
		want     string
	}{
		{"past the end", []access{{0, "st.global.u32 [%mine+4], %me;"}}, "a window of 16 bytes"},
		{"before the beginning", []access{{1, "st.global.u32 [%mine+-4], %me;"}}, "outside any allocation"},
		{"never written", []access{{0, store}, {1, load}}, "never written: a window of 16 bytes"},
		{"written by others", []access{{0, store}, {1, store}, {2, load}}, "where something else was written"},
		{"overwritten", []access{{0, store}, {0, load}, {2, store}, {2, load}, {0, load}}, "where something else was written"},
	} {
		s := newSession(t, Options{Checks: true})
		var windows [3]uint64
		for i, offset := range []uint64{256, 272, 264} {
			var err error
			if windows[i], err = s.MemWindow(s.out+offset, 16); err != nil {
				t.Fatal(err)
			}
			if windows[i]%allocAlign != offset {
				t.Errorf("a window at offset %d of an allocation is at %#x", offset, windows[i])
			}
		}
		for i, a := range c.accesses {
			s.out = windows[a.window]
			err := s.run(kernelOf("", a.code), 1, 4)
			switch last := i == len(c.accesses)-1; {
			case last && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("%s: %v, want an error with %q", c.name, err, c.want)
			case !last && err != nil:
				t.Errorf("%s: access %d: %v", c.name, i, err)
			}
		}
	}
}

// A window shows the memory of its allocation, takes none, and cannot be used after it is freed.
func TestWindowsShareMemory(t *testing.T) {
	s := newSession(t, Options{Checks: true})
	free, _, err := s.MemInfo()
	if err != nil {
		t.Fatal(err)
	}
	w, err := s.MemWindow(s.out+8, 4)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.MemcpyHtoD(w, []byte{1, 2, 3, 4}); err != nil {
		t.Fatal(err)
	}
	if got := word(t, s.Driver, s.out+8); got != 0x04030201 {
		t.Errorf("the allocation holds %#x", got)
	}
	if err := s.MemFree(w); err != nil {
		t.Fatal(err)
	}
	if now, _, err := s.MemInfo(); err != nil || now != free {
		t.Errorf("%d bytes are free, %d before there was a window: %v", now, free, err)
	}
	wantCode(t, "freed window", s.MemcpyHtoD(w, []byte{1}), codeInvalidValue, "outside any allocation")
	_, err = s.MemWindow(s.out+4092, 8)
	wantCode(t, "window past the end", err, codeInvalidValue, "MemWindow")
	_, err = s.MemWindow(s.out+2, 4)
	wantCode(t, "window at half a word", err, codeInvalidValue, "no word begins")
	_, err = s.MemWindow(s.out, 0)
	wantCode(t, "empty window", err, codeInvalidValue, "0 bytes")
}
