package run

import (
	"errors"
	"fmt"
	"io"
	"net"

	"gangpu/internal/runpage"
)

// Page is where a run can be looked at in browsers while it is trained.
type Page struct {
	listener net.Listener
	asked    string
}

// CheckAddress reports what is no address for Listen.
func CheckAddress(address string) error {
	_, err := runpage.Address(address)
	return err
}

// Listen opens an address to show a run at: a port, of this machine only, or HOST:PORT. It answers to this host's name
// and to the loopback's alone.
func Listen(address string) (*Page, error) {
	full, err := runpage.Address(address)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", full)
	if err != nil {
		return nil, err
	}
	return &Page{l, address}, nil
}

// Close closes the address, if no run has shown itself at it.
func (p *Page) Close() error { return p.listener.Close() }

// page is a watcher that shows the run in browsers, if that is asked for, and at the end in the run's report.
type page struct {
	*runpage.Recorder
	out    io.Writer
	info   *Info           // says how the run ended
	server *runpage.Server // nil where none is asked for
}

func (s *session) newPage() (*page, error) {
	p := &page{Recorder: runpage.New(s.folder, s.info), out: s.Out, info: s.info}
	if s.iterations > 0 {
		rows, err := s.folder.ReadMetrics(s.info.Columns)
		if err != nil {
			return nil, err
		}
		p.Resume(rows, s.iterations)
	}
	if s.Page != nil {
		p.server = runpage.Serve(s.Page.listener, s.Page.asked, p.Recorder)
		fmt.Fprintf(s.Out, "page    %s\n", p.server.URL())
	}
	return p, nil
}

func (p *page) Iteration(row Row) error {
	p.Recorder.Iteration(row.Values, row.Taken)
	return nil
}

func (p *page) Epoch(int, Samples) error {
	p.Recorder.Epoch()
	return nil
}

// End does not keep the process for those who look: what has been shown stays in their browsers, and
// the report has all of it.
func (p *page) End() error {
	p.Recorder.End(p.info.State, p.info.Reason)
	err := p.WriteReport()
	if err == nil {
		fmt.Fprintf(p.out, "report  %s\n", p.ReportPath())
	}
	if p.server != nil {
		err = errors.Join(err, p.server.Close())
	}
	return err
}
