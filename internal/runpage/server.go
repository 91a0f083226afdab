package runpage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Address is what an address on the command line means: "8080" and ":8080" are ports of the
// loopback, for this machine alone; another host must be given.
func Address(s string) (string, error) {
	if !strings.Contains(s, ":") {
		s = ":" + s
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return "", fmt.Errorf("%q is no address: want PORT or HOST:PORT", s)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "", fmt.Errorf("%q is no port: want 1 to 65535, or 0 for any that is free", port)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port), nil
}

// Server shows a run in browsers while it is trained.
type Server struct {
	http http.Server
	url  string
}

// How often a page is told what is new, how long a page may take to take it in, and how long the
// end of a run waits for pages to hear of it.
const (
	updates      = time.Second
	patience     = 20 * time.Second
	lastPatience = time.Second
)

// Serve begins to answer on the listener, which it owns: requests for the address that was asked for and for the
// loopback's, no others.
func Serve(l net.Listener, asked string, r *Recorder) *Server {
	s := &Server{url: "http://" + l.Addr().String() + "/"}
	s.http = http.Server{
		Handler:           hostsOf(asked, l.Addr()).guard(r.handler()),
		ReadHeaderTimeout: patience,
		IdleTimeout:       patience,
		MaxHeaderBytes:    1 << 14,
		ErrorLog:          log.New(io.Discard, "", 0), // stderr is the run's
	}
	// An error other than that the server was closed leaves the run without a page, not stopped.
	go s.http.Serve(l)
	return s
}

func (r *Recorder) handler() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Content-Security-Policy", policy+"; frame-ancestors 'self'")
		io.WriteString(w, withPolicy(page))
	})
	streams := make(chan struct{}, mostStreams)
	mux.HandleFunc("GET /events", func(w http.ResponseWriter, req *http.Request) {
		// Browsers say where a request comes from; a page elsewhere may not use up the streams.
		if from := req.Header.Get("Sec-Fetch-Site"); from != "" && from != "same-origin" && from != "none" {
			http.Error(w, "only the run's own page is told how it goes", http.StatusForbidden)
			return
		}
		select {
		case streams <- struct{}{}:
			defer func() { <-streams }()
			r.serveEvents(w, req)
		default:
			http.Error(w, fmt.Sprintf("%d pages of this run are open, and no more are told how it goes", mostStreams), http.StatusServiceUnavailable)
		}
	})
	return mux
}

// URL is where the page is.
func (s *Server) URL() string { return s.url }

// Close is called when the recorder was told of the run's end. It waits a moment for the pages
// that are open to be told, too.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), lastPatience)
	defer cancel()
	if err := s.http.Shutdown(ctx); errors.Is(err, context.DeadlineExceeded) {
		return s.http.Close()
	} else if err != nil {
		return fmt.Errorf("closing the page: %w", err)
	}
	return nil
}

// serveEvents tells a page how the run goes until it ends, by Server-Sent Events (HTML Living
// Standard, section 9.2).
func (r *Recorder) serveEvents(w http.ResponseWriter, req *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	out := http.NewResponseController(w)
	tick := time.NewTicker(updates)
	defer tick.Stop()
	var h had
	for over := false; ; {
		select {
		case <-r.ended:
			over = true
		default:
		}
		text, err := json.Marshal(r.message(&h))
		if err != nil {
			return
		}
		if out.SetWriteDeadline(time.Now().Add(patience)) != nil {
			return
		}
		if _, err := fmt.Fprintf(w, "data: %s\n\n", text); err != nil || out.Flush() != nil || over {
			return
		}
		select {
		case <-tick.C:
		case <-r.ended:
		case <-req.Context().Done():
			return
		}
	}
}
