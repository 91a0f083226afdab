package fetch

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// slowServer answers after the first pause, then sends a byte after each of the others.
type slowServer struct {
	ctx    context.Context
	pauses []time.Duration
}

func (s *slowServer) pause() error {
	next := s.pauses[0]
	s.pauses = s.pauses[1:]
	select {
	case <-time.After(next):
		return nil
	case <-s.ctx.Done():
		return s.ctx.Err()
	}
}

func (s *slowServer) RoundTrip(r *http.Request) (*http.Response, error) {
	s.ctx = r.Context()
	return &http.Response{StatusCode: http.StatusOK, Body: s, Request: r}, s.pause()
}

func (s *slowServer) Read(p []byte) (int, error) {
	if len(s.pauses) == 0 {
		return 0, io.EOF
	}
	if err := s.pause(); err != nil {
		return 0, err
	}
	return copy(p, "x"), nil
}

func (s *slowServer) Close() error { return nil }

// A server may take its time, but not fall silent.
func TestMirrorStalls(t *testing.T) {
	for name, c := range map[string]struct {
		pauses []time.Duration
		read   int
		want   string
	}{
		"slow":                 {[]time.Duration{20, 20, 20, 20, 20}, 4, ""},
		"silent at first":      {[]time.Duration{40}, 0, "file: no answer for 30s"},
		"silent in the middle": {[]time.Duration{20, 20, 40, 20}, 1, "no answer for 30s"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				for i := range c.pauses {
					c.pauses[i] *= time.Second
				}
				m := &mirror{url: "https://example.org/", stall: 30 * time.Second,
					client: &http.Client{Transport: &slowServer{pauses: c.pauses}}}
				var got []byte
				body, err := m.open(t.Context(), "file")
				if err == nil {
					got, err = io.ReadAll(body)
					body.Close()
				}
				if len(got) != c.read {
					t.Errorf("%d bytes read, not %d", len(got), c.read)
				}
				if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
					t.Errorf("error %v, want %q", err, c.want)
				}
			})
		})
	}
}
