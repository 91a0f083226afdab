package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"gangpu/gan"
	"gangpu/internal/runfolder"
	"gangpu/internal/runpage"

	"github.com/urfave/cli/v2"
)

// page is a watcher that shows the run in browsers if --serve asks for it, and at the end in the
// run's report.
type page struct {
	*runpage.Recorder
	stdout io.Writer
	info   *runfolder.Info // says how the run ended
	server *runpage.Server // nil where none is asked for
}

// listen opens what --serve names, nil if it is not given.
func listen(c *cli.Context) (net.Listener, error) {
	if !c.IsSet("serve") {
		return nil, nil
	}
	address, err := runpage.Address(c.String("serve"))
	if err != nil {
		return nil, usagef("--serve: %v", err)
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("--serve %s: %w", c.String("serve"), err)
	}
	return l, nil
}

func newPage(c *cli.Context, s *session, l net.Listener) (*page, error) {
	p := &page{Recorder: runpage.New(s.folder, s.info), stdout: c.App.Writer, info: s.info}
	if s.iterations > 0 {
		rows, err := s.folder.ReadMetrics()
		if err != nil {
			return nil, err
		}
		p.Resume(rows, s.iterations)
	}
	if l != nil {
		p.server = runpage.Serve(l, c.String("serve"), p.Recorder)
		fmt.Fprintf(c.App.Writer, "page    %s\n", p.server.URL())
	}
	return p, nil
}

func (p *page) iteration(m gan.Metrics, taken time.Duration) error {
	p.Iteration(m, taken)
	return nil
}

func (p *page) epoch(int, gan.Samples) error {
	p.Epoch()
	return nil
}

// end does not keep the process for those who look: what has been shown stays in their browsers, and
// the report has all of it.
func (p *page) end() error {
	p.End(p.info.State, p.info.Reason)
	err := p.WriteReport()
	if err == nil {
		fmt.Fprintf(p.stdout, "report  %s\n", p.ReportPath())
	}
	if p.server != nil {
		err = errors.Join(err, p.server.Close())
	}
	return err
}
