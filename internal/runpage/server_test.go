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
	s := Serve(l, "0", r)
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
		if want == 200 && (string(text) != withPolicy(page) || answer.Header.Get("Content-Type") != "text/html; charset=utf-8") {
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

// get asks a server for a path by the name of a host, as a browser does whose name for it that is.
func get(t *testing.T, s *Server, host, path string, headers ...string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), "GET", s.URL()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = host
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { answer.Body.Close() })
	return answer
}

// What a page elsewhere has its browser ask for is not answered, whatever name it gave to this machine.
func TestServerHosts(t *testing.T) {
	s := serve(t, newRun(t))
	for host, want := range map[string]int{
		"localhost": 200, "LOCALHOST.:1": 200, "127.0.0.1": 200, "[::1]:8080": 200, "[::1]": 200, "127.0.0.2:80": 200,
		"evil.example": 403, "evil.example:8080": 403, "localhost.evil.example": 403, "127.0.0.1.evil.example": 403, "10.0.0.1": 403, "localhost:80:80": 403,
	} {
		for _, path := range []string{"", "events", "none"} {
			want := want
			if want == 200 && path == "none" {
				want = 404
			}
			if answer := get(t, s, host, path); answer.StatusCode != want {
				t.Errorf("/%s of %q: %s, want %d", path, host, answer.Status, want)
			}
		}
	}
	for from, want := range map[string]int{"cross-site": 403, "same-site": 403, "same-origin": 200, "none": 200} {
		if answer := get(t, s, "localhost", "events", "Sec-Fetch-Site", from); answer.StatusCode != want {
			t.Errorf("a request from %s: %s, want %d", from, answer.Status, want)
		}
	}
}

func TestHosts(t *testing.T) {
	name, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		asked, listens, host string
		want                 bool
	}{
		{"8080", "127.0.0.1:8080", "", false},
		{":8080", "127.0.0.1:8080", "", false},
		{"tower.lan:8080", "192.168.1.5:8080", "Tower.lan:8080", true},
		{"tower.lan:8080", "192.168.1.5:8080", "192.168.1.5:8080", true},
		{"tower.lan:8080", "192.168.1.5:8080", "localhost:8080", true},
		{"tower.lan:8080", "192.168.1.5:8080", "192.168.1.6:8080", false},
		{"0.0.0.0:8080", "[::]:8080", "192.168.1.5:8080", true}, // it is not known which addresses lead here
		{"[::]:8080", "[::]:8080", "[fe80::1]:8080", true},
		{"0.0.0.0:8080", "[::]:8080", name + ":8080", true},
		{"0.0.0.0:8080", "[::]:8080", "evil.example:8080", false},
		{"192.168.1.5:8080", "192.168.1.5:8080", name + ".evil.example", false},
	} {
		l, err := net.ResolveTCPAddr("tcp", c.listens)
		if err != nil {
			t.Fatal(err)
		}
		if got := hostsOf(c.asked, l).answers(c.host); got != c.want {
			t.Errorf("--serve %s answers to %q: %v", c.asked, c.host, got)
		}
	}
}

// So many pages are told how the run goes, and when one is closed another one is.
func TestServerStreams(t *testing.T) {
	s := serve(t, newRun(t))
	var open []*http.Response
	for range mostStreams {
		answer := get(t, s, "localhost", "events")
		if answer.StatusCode != 200 {
			t.Fatalf("stream %d of %d: %s", len(open)+1, mostStreams, answer.Status)
		}
		open = append(open, answer)
	}
	if answer := get(t, s, "localhost", "events"); answer.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("one stream more: %s", answer.Status)
	}
	if answer := get(t, s, "localhost", ""); answer.StatusCode != 200 {
		t.Errorf("the page: %s", answer.Status)
	}
	open[0].Body.Close()
	for get(t, s, "localhost", "events").StatusCode != 200 { // which the server hears of when it has something to tell
		time.Sleep(10 * time.Millisecond)
	}
}

// The page runs its own script alone, and nothing that would be put into it.
func TestPolicy(t *testing.T) {
	s := serve(t, newRun(t))
	header := get(t, s, "localhost", "").Header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'sha256-", "connect-src 'self'", "frame-ancestors 'self'", "base-uri 'none'"} {
		if !strings.Contains(header, want) {
			t.Errorf("the policy %q has no %s", header, want)
		}
	}
	_, scripts, _ := strings.Cut(header, "script-src")
	if strings.Contains(strings.Split(scripts, ";")[0], "unsafe") || strings.Count(page, policyPlace) != 1 ||
		strings.Count(page, "<script") != 2 || strings.Contains(page, "onclick=") {
		t.Errorf("scripts that the policy %q does not know, or too many", header)
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
			if m.Reason != "stopped by a signal: interrupt" || m.Iterations != perEpoch+1 || m.Latest[dLoss] != fmt.Sprintf("%.4f", metrics(perEpoch)[dLoss]) {
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
		fmt.Fprintf(c, "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
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
