package runpage

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"gangpu/internal/runfolder"
)

func TestAddress(t *testing.T) {
	for in, want := range map[string]string{
		"8080": "127.0.0.1:8080", ":8080": "127.0.0.1:8080", "0": "127.0.0.1:0", "localhost:80": "localhost:80",
		"0.0.0.0:8080": "0.0.0.0:8080", "[::]:8080": "[::]:8080", "[::1]:1": "[::1]:1",
		"": "", "here": "", "127.0.0.1": "", "host:http": "", ":65536": "", "-1": "", "::1": "", "http://localhost:80/": "",
	} {
		if got, err := Address(in); got != want || (err == nil) != (want != "") {
			t.Errorf("%q is the address %q (%v), want %q", in, got, err, want)
		}
	}
}

// serve serves a run on a free port until the test ends.
func serve(t *testing.T, r *Recorder) *Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := Serve(l, r)
	t.Cleanup(func() { s.Close() })
	return s
}

func TestServerAnswers(t *testing.T) {
	s := serve(t, newRun(t))
	for path, want := range map[string]int{"": 200, "index.html": 404, "samples/epoch-001.png": 404, "../run.json": 404} {
		answer, err := http.Get(s.URL() + path)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || answer.StatusCode != want {
			t.Errorf("/%s: %s (%v), want %d", path, answer.Status, err, want)
		}
		if want == 200 && (string(text) != page || answer.Header.Get("Content-Type") != "text/html; charset=utf-8") {
			t.Errorf("/%s is another page: %v", path, answer.Header)
		}
	}
	answer, err := http.Post(s.URL(), "text/plain", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("a POST is answered by %s", answer.Status)
	}
}

// The page is light, and has no address of anything elsewhere.
func TestPage(t *testing.T) {
	if len(page) > 30_000 || strings.Count(page, messagePlace) != 1 {
		t.Errorf("the page has %d bytes", len(page))
	}
	for _, scheme := range []string{"http:", "https:", "//cdn", "url(", "@import"} {
		if strings.Contains(strings.ReplaceAll(page, "http://www.w3.org/2000/svg", ""), scheme) {
			t.Errorf("the page contains %s", scheme)
		}
	}
}

// events reads what a page is told.
type events struct {
	*bufio.Scanner
	t *testing.T
}

func listenTo(t *testing.T, s *Server) events {
	t.Helper()
	answer, err := http.Get(s.URL() + "events")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { answer.Body.Close() })
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, 1<<20)
	return events{lines, t}
}

func (e events) next() (m message, ok bool) {
	e.t.Helper()
	for e.Scan() {
		text, found := strings.CutPrefix(e.Text(), "data: ")
		if !found {
			continue
		}
		// What a page reads: only fields that the test looks at.
		var in struct {
			State      runfolder.State
			Reason     string
			Iterations int
			Latest     []string
		}
		if err := json.Unmarshal([]byte(text), &in); err != nil {
			e.t.Fatal(err)
		}
		return message{State: in.State, Reason: in.Reason, Iterations: in.Iterations, Latest: in.Latest}, true
	}
	return m, false
}

// A page hears of the end of a run, and then the server closes at once.
func TestServerTellsTheEnd(t *testing.T) {
	r := newRun(t)
	s := serve(t, r)
	e := listenTo(t, s)
	if m, ok := e.next(); !ok || m.State != runfolder.Running || m.Iterations != 0 || m.Latest != nil {
		t.Errorf("at first a page is told %+v", m)
	}
	train(t, r, perEpoch+1)
	r.End(runfolder.Interrupted, "stopped by a signal: interrupt")
	for {
		m, ok := e.next()
		if !ok {
			t.Fatal("the end was not told")
		}
		if m.State == runfolder.Interrupted {
			if m.Reason != "stopped by a signal: interrupt" || m.Iterations != perEpoch+1 || m.Latest[dLoss] != fmt.Sprintf("%.4f", metrics(perEpoch).DLoss) {
				t.Errorf("the end is told as %+v", m)
			}
			break
		}
	}
	if m, ok := e.next(); ok {
		t.Errorf("after the end comes %+v", m)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := net.Dial("tcp", strings.TrimSuffix(strings.TrimPrefix(s.URL(), "http://"), "/")); err == nil {
		t.Error("the closed server answers")
	}
}

// Clients that ask and never read keep neither the run nor its end, although there is more to tell
// than their connections hold.
func TestServerClientsThatNeverRead(t *testing.T) {
	r := newRun(t)
	train(t, r, perEpoch)
	big := slices.Concat([]byte("\x89PNG"), make([]byte, 8<<20))
	if err := os.WriteFile(r.folder.Sample(1), big, 0o666); err != nil {
		t.Fatal(err)
	}
	s := serve(t, r)
	for range 3 {
		c, err := net.Dial("tcp", strings.TrimSuffix(strings.TrimPrefix(s.URL(), "http://"), "/"))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		fmt.Fprintf(c, "GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
		if _, err := c.Read(make([]byte, 1)); err != nil { // it is being told
			t.Fatal(err)
		}
	}
	train(t, r, 3*perEpoch)
	r.End(runfolder.Finished, "")
	done := make(chan error)
	go func() { done <- s.Close() }()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(patience - 2*lastPatience): // what the clients are given to read
		t.Fatal("the server waits for clients that do not read")
	}
}
